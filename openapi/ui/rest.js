// Starts Swagger UI on the service's own document, without a word to any other
// host, and gives every operation a link to its tool.

import { remembered } from "./remembered.js";

const { specUrl, mcpPage, personal } = document.body.dataset;
const scheme = "bearer"; // the security schemes' names in the document
const openID = "openid";

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

// A key entered here serves the other page too. Where the document is made for who
// reads it, it is read again with the key, which the page itself then authorizes.
const sharedKey = () => ({
  statePlugins: {
    auth: {
      wrapActions: {
        authorize: (original, { specActions }) => (payload) => {
          const known = remembered.key;
          remembered.key = payload[scheme]?.value ?? known;
          if (personal !== undefined && remembered.key !== known) specActions.download(specUrl);
          return original(payload);
        },
        logout: (original, { specActions }) => (names) => {
          if (names.includes(scheme)) remembered.key = "";
          if (personal !== undefined && names.includes(scheme)) specActions.download(specUrl);
          return original(names);
        },
      },
    },
  },
});

// The page is no client of the authorization server, so it offers no login there:
// a token that somebody has is entered as a key.
const withoutLogin = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (original) => (spec) => {
          const drop = (holder) => {
            if (Array.isArray(holder?.security)) holder.security = holder.security.filter((one) => !(openID in one));
          };
          delete spec?.components?.securitySchemes?.[openID];
          drop(spec);
          for (const path of Object.values(spec?.paths ?? {})) Object.values(path).forEach(drop);
          return original(spec);
        },
      },
    },
  },
});

// A key that is no good any more would keep the page from ever loading again.
const forgetBadKey = (response) => {
  if (response.status === 401 && remembered.key && response.url === new URL(specUrl, location.href).href) {
    remembered.key = "";
    location.reload();
  }
  return response;
};

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
  responseInterceptor: forgetBadKey,
  presets: [window.SwaggerUIBundle.presets.apis],
  plugins: [toolLinks, sharedKey, withoutLogin],
  onComplete: () => remembered.key && window.ui.preauthorizeApiKey(scheme, remembered.key),
});
