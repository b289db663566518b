"""Shows all of it: Streamlit pages, the API, and the service process."""
