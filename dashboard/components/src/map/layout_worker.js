// Runs Graphviz off the page's thread, so that a large map never freezes the page.

let graphviz

self.onmessage = async ({ data: { id, viz, question } }) => {
  try {
    if (!graphviz) {
      self.importScripts(viz)
      graphviz = await self.Viz.instance()
    }
    const { bb, objects, edges } = graphviz.renderJSON(question)
    self.postMessage({
      id,
      json: {
        bb,
        objects: (objects ?? []).map(({ name, pos }) => ({ name, pos })),
        edges: (edges ?? []).map(({ id, pos, lp }) => ({ id, pos, lp }))
      }
    })
  } catch (error) {
    self.postMessage({ id, error: String(error?.message ?? error) })
  }
}
