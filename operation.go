package tandem

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tandem-go/tandem/internal/binding"
	"github.com/tandem-go/tandem/internal/schema"
)

// Operation says what a handler is to the world outside: the tool's name and
// the route, who may call it, and what it does to state. It is plain
// configuration; zero values mean the defaults that each field states.
type Operation struct {
	// Name is the tool's name and the operationId: 1 to 64 ASCII letters,
	// digits, '_', '-' and '.', unique without regard to case.
	Name string
	// Title is a name for people; empty means Summary.
	Title string
	// Summary says in one line what the operation does.
	Summary string
	// Description says when and how to use it, in Markdown; empty means Summary.
	Description string

	// Method is the HTTP method: GET, HEAD, POST, PUT, PATCH or DELETE; empty
	// means POST.
	Method string
	// Path is the route below the REST prefix, such as "/products/{sku}"; empty
	// means "/" + Name.
	Path string
	// Status is the HTTP status of success; zero means 200, or 204 where the
	// output is an empty struct.
	Status int

	// Scopes are all needed by a caller; empty means that anybody who may reach
	// the service may call. See [Service.ImplyScopes] for broad scopes.
	Scopes []string
	// Policy judges callers further, see [PolicyOf]; nil means that scopes are enough.
	Policy Policy
	// Class is the kind of calls with which this one shares a rate limit: lower-case
	// letters, digits and '-'; empty means "read" where ReadOnly is set or implied,
	// else "write".
	Class string
	// Tags group operations in the OpenAPI document and are the toolsets of MCP.
	Tags []string
	// Doors restricts where the operation is served; zero means everywhere.
	Doors Doors

	// ReadOnly says that the operation changes nothing; implied by GET and HEAD.
	ReadOnly bool
	// Destructive says that it may delete or overwrite; implied by DELETE.
	Destructive bool
	// Idempotent says that a repeated call has no further effect; implied by
	// ReadOnly, PUT and DELETE.
	Idempotent bool
	// Idempotency says whether a caller can name a call by a key, so that trying it
	// again has no second effect; see package idempotency, which has to be in use.
	// Zero means that keys are not looked at.
	Idempotency Idempotency
	// OpenWorld says that it reaches systems outside the service.
	OpenWorld bool
	// Deprecated marks it in the documents.
	Deprecated bool

	// Resource is a URI template, such as "inventory://products/{sku}", under which
	// agents can read the operation's result as a resource; empty means none. The
	// operation must be read-only, and its required arguments variables of the
	// template.
	Resource string
	// Produces are the media types of an output that is content ([Block],
	// [Blocks]), such as "image/png", by which a REST caller's Accept header is judged
	// and which the OpenAPI document tells; nil means any.
	Produces []string

	// AllowUnknown drops unknown arguments instead of refusing them.
	AllowUnknown bool
	// Timeout is when the context of a call ends, counted from its start; zero
	// means that it has no end of its own.
	Timeout time.Duration
	// Long says that a call may take minutes, so that its handler may end the
	// connection of a caller who can come back for the answer: see [CloseStream].
	Long bool
	// Asks says that the handler may ask its caller ([Ask]), for the OpenAPI
	// document.
	Asks bool
	// Errors are codes that the handler returns, for the OpenAPI document;
	// those that every operation can return are there already.
	Errors []Code
	// Interceptors run inside the service's own, the first one outermost.
	Interceptors []Interceptor
}

// Idempotency says what an operation makes of idempotency keys.
type Idempotency uint8

// What an operation makes of a key.
const (
	Optional Idempotency = iota + 1 // a call with a key is carried out once
	Required                        // a call without one is refused
)

// withDefaults returns the operation with its implied values filled in.
func (o Operation) withDefaults() Operation {
	if o.Method == "" {
		o.Method = http.MethodPost
	}
	if o.Path == "" {
		o.Path = "/" + o.Name
	}
	if o.Title == "" {
		o.Title = o.Summary
	}
	if o.Description == "" {
		o.Description = o.Summary
	}
	switch o.Method {
	case http.MethodGet, http.MethodHead:
		o.ReadOnly = true
	case http.MethodPut:
		o.Idempotent = true
	case http.MethodDelete:
		o.Idempotent, o.Destructive = true, true
	}
	o.Idempotent = o.Idempotent || o.ReadOnly
	if o.Class == "" {
		o.Class = classWrite
		if o.ReadOnly {
			o.Class = classRead
		}
	}
	o.Scopes, o.Tags = slices.Clone(o.Scopes), slices.Clone(o.Tags)
	o.Produces = slices.Clone(o.Produces)
	o.Errors, o.Interceptors = slices.Clone(o.Errors), slices.Clone(o.Interceptors)
	return o
}

// The classes of operations that name none.
const (
	classRead  = "read"
	classWrite = "write"
)

// Registered is an operation in a service: its configuration with defaults
// filled in, its schemas and its handler. It is immutable.
type Registered struct {
	Operation

	service *Service
	kind    string // "operation", "resource" or "prompt"
	content bool   // the output is content and not JSON
	several bool   // it is any number of blocks
	input   *schema.Type
	output  *schema.Type // nil where there is no output
	plan    *binding.Plan
	handler Invoker                 // decode, validate, call, encode
	invoker atomic.Pointer[Invoker] // the same inside all interceptors

	policies atomic.Pointer[[]Policy] // the service's, then its own; nil for none
}

// ownPolicies returns the operation's policy, if it has one.
func (r *Registered) ownPolicies() []Policy {
	if r.Policy == nil {
		return nil
	}
	return []Policy{r.Policy}
}

// InputSchema returns the JSON Schema (2020-12) of the arguments object,
// self-contained. The caller must not change it.
func (r *Registered) InputSchema() json.RawMessage { return r.input.Input() }

// OutputSchema returns the JSON Schema of the result, self-contained, or nil if
// the operation has no output. The caller must not change it.
func (r *Registered) OutputSchema() json.RawMessage {
	if r.output == nil {
		return nil
	}
	return r.output.Output()
}

// HasOutput reports whether a successful call returns JSON.
func (r *Registered) HasOutput() bool { return r.output != nil }

// HasContent reports whether a successful call returns [Blocks] instead of JSON.
func (r *Registered) HasContent() bool { return r.content }

// HasBlocks reports whether that content is any number of blocks, and not one.
func (r *Registered) HasBlocks() bool { return r.several }

// checkProduces refuses media types that no output has.
func (r *Registered) checkProduces() error {
	if len(r.Produces) > 0 && !r.content {
		return fmt.Errorf("an output that is JSON has no media types of its own; Produces is for content")
	}
	for _, kind := range r.Produces {
		if media, _, err := mime.ParseMediaType(kind); err != nil || !strings.Contains(media, "/") || strings.Contains(media, "*") {
			return fmt.Errorf("media type %q of Produces is not one such as image/png", kind)
		}
	}
	return nil
}

// Kind tells interceptors what is called: "operation", "resource" or "prompt".
func (r *Registered) Kind() string { return r.kind }

// Input returns the plan of the arguments, for the doors of this module.
func (r *Registered) Input() *schema.Type { return r.input }

// Output returns the plan of the result, nil if there is none, for the doors of
// this module.
func (r *Registered) Output() *schema.Type { return r.output }

// Binding returns where a REST request carries each argument, for the doors of
// this module.
func (r *Registered) Binding() *binding.Plan { return r.plan }

// SuccessStatus returns the HTTP status of a successful call.
func (r *Registered) SuccessStatus() int {
	switch {
	case r.Status != 0:
		return r.Status
	case r.output == nil && !r.content:
		return http.StatusNoContent
	}
	return http.StatusOK
}

// route returns the pattern of the operation for net/http's ServeMux.
func (r *Registered) route() string {
	return r.plan.Pattern("")
}
