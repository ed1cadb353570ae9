// Starts Swagger UI on the service's own document, without a word to any other
// host, and gives every operation a link to its tool.

import { remembered } from "./remembered.js";

const { specUrl, mcpPage } = document.body.dataset;
const scheme = "bearer"; // the security scheme's name in the document

// Swagger UI has a dark theme, but does not follow the system's.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// The link sits beside the summary, outside the button that folds it.
const toolLinks = ({ React }) => ({
  wrapComponents: {
    OperationSummary: (Original, { specSelectors }) => (props) => {
      const { path, method } = props.operationProps.toObject();
      const tool = specSelectors.specJson().getIn(["paths", path, method, "x-mcp-tool"]);
      const summary = React.createElement(Original, props);
      if (!tool || !mcpPage) return summary;
      const href = `${mcpPage}#${encodeURIComponent(tool)}`;
      const link = React.createElement("a", { className: "tool-link", href, title: `Call the tool ${tool} as an agent would` }, "MCP", React.createElement("span", null, " tool"));
      return React.createElement("div", { className: "summary-row" }, summary, link);
    },
  },
});

// A key entered here serves the other page too.
const sharedKey = () => ({
  statePlugins: {
    auth: {
      wrapActions: {
        authorize: (original) => (payload) => {
          remembered.key = payload[scheme]?.value ?? remembered.key;
          return original(payload);
        },
        logout: (original) => (names) => {
          if (names.includes(scheme)) remembered.key = "";
          return original(names);
        },
      },
    },
  },
});

window.ui = window.SwaggerUIBundle({
  url: specUrl,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  showExtensions: false,
  validatorUrl: null,
  queryConfigEnabled: false,
  requestInterceptor: (request) => {
    if (request.loadSpec && remembered.key) request.headers.Authorization = "Bearer " + remembered.key;
    return request;
  },
  presets: [window.SwaggerUIBundle.presets.apis],
  plugins: [toolLinks, sharedKey],
  onComplete: () => remembered.key && window.ui.preauthorizeApiKey(scheme, remembered.key),
});
