// Package openapi describes a service's REST door as an OpenAPI 3.1 document and
// serves the pages on which people read and try it.
//
// [Build] is pure: the document is made of the service's operations and of the
// same binding plan that the router reads, so that it cannot drift from what is
// served. [Docs] serves Swagger UI and its twin, the view that agents have of the
// same service over MCP; both are embedded and send no request to other hosts.
package openapi
