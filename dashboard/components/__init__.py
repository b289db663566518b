"""Browser components of the dashboard: process map, variant explorer and BPMN view."""
