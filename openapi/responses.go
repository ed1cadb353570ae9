package openapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tandem-go/tandem"
)

const problemType = "application/problem+json"

// problem is a response that reports one of some codes under one status.
type problem struct {
	status int
	codes  []tandem.Code // empty for what HTTP itself refuses
	asks   bool          // it may carry questions to the caller
}

// problemsOf lists what can go wrong with the operation, by status: what it
// declares, and what the door and the interceptors answer in its stead.
func problemsOf(op *tandem.Registered, auth bool) []problem {
	codes := []tandem.Code{tandem.InvalidArgument, tandem.ResourceExhausted, tandem.Internal, tandem.Unavailable}
	if auth {
		codes = append(codes, tandem.Unauthenticated)
	}
	if auth && len(op.Scopes) > 0 || op.HasPolicy() {
		codes = append(codes, tandem.PermissionDenied)
	}
	if op.Timeout > 0 {
		codes = append(codes, tandem.DeadlineExceeded)
	}
	if op.Asks {
		codes = append(codes, tandem.FailedPrecondition)
	}
	if op.Idempotency != 0 {
		codes = append(codes, tandem.Aborted)
	}
	byStatus := map[int]*problem{}
	if op.Idempotency != 0 {
		byStatus[unprocessable] = &problem{status: unprocessable}
	}
	for _, code := range append(codes, op.Errors...) {
		status := code.HTTPStatus()
		if byStatus[status] == nil {
			byStatus[status] = &problem{status: status}
		}
		byStatus[status].add(code)
	}
	if op.Asks {
		byStatus[tandem.FailedPrecondition.HTTPStatus()].asks = true
	}
	refusals := []int{http.StatusNotAcceptable}
	if op.Binding().TakesBody() {
		refusals = append(refusals, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	for _, status := range refusals {
		byStatus[status] = &problem{status: status}
	}
	var all []problem
	for _, p := range byStatus {
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b problem) int { return cmp.Compare(a.status, b.status) })
	return all
}

// add keeps the codes in ascending order, each once.
func (p *problem) add(code tandem.Code) {
	if i, found := slices.BinarySearch(p.codes, code); !found {
		p.codes = slices.Insert(p.codes, i, code)
	}
}

// responses are the shared responses that operations refer to.
type responses struct {
	schema []byte // of the problem document
	used   map[string]problem
}

func newResponses(schema []byte) *responses {
	return &responses{schema: schema, used: map[string]problem{}}
}

// name returns the component's name, which tells the codes, and marks it as used.
func (r *responses) name(p problem) string {
	var parts []string
	for _, code := range p.codes {
		parts = append(parts, strings.ReplaceAll(camel(code.String()), " ", ""))
	}
	if p.asks {
		parts = append(parts, "InputRequired")
	}
	name := strings.Join(parts, "Or")
	if name == "" {
		name = refusals[p.status].name
	}
	name += "Problem"
	r.used[name] = p
	return name
}

func camel(snake string) string {
	var name strings.Builder
	for part := range strings.SplitSeq(snake, "_") {
		name.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return name.String()
}

// components lists the used responses by status.
func (r *responses) components() object {
	names := make([]string, 0, len(r.used))
	for name := range r.used {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(r.used[a].status, r.used[b].status), cmp.Compare(a, b))
	})
	var all object
	for _, name := range names {
		all.set(name, r.component(r.used[name]))
	}
	return all
}

func (r *responses) component(p problem) object {
	o := object{{"description", p.description()}}
	o.object("headers", headersOf(p.status))
	media := object{}
	media.raw("schema", r.schema)
	examples := p.examples()
	if len(examples) == 1 {
		media.set("example", examples[0].value)
	} else {
		var named object
		for _, e := range examples {
			named.set(e.name, object{{"summary", inWords(e.name)}, {"value", e.value}})
		}
		media.set("examples", named)
	}
	o.set("content", object{{problemType, media}})
	return o
}

func (p problem) description() string {
	if len(p.codes) == 0 {
		return refusals[p.status].description
	}
	var parts []string
	for _, code := range p.codes {
		parts = append(parts, fmt.Sprintf("`%s`: %s.", code, explanations[code].what))
	}
	if p.asks {
		parts = append(parts, "With `input_required`, the operation asks its caller, and goes on when the request comes again with the answers.")
	}
	return strings.Join(parts, " ")
}

// examples returns a problem document per code.
func (p problem) examples() []member {
	if len(p.codes) == 0 {
		return []member{{http.StatusText(p.status), json.RawMessage(refusals[p.status].problem(p.status).JSON())}}
	}
	var all []member
	for _, code := range p.codes {
		all = append(all, member{code.String(), json.RawMessage(exampleOf(code).Problem().JSON())})
	}
	if p.asks {
		all = append(all, member{"input_required", exampleQuestion()})
	}
	return all
}

// exampleOf returns an error as a caller might see it.
func exampleOf(code tandem.Code) *tandem.Error {
	e := tandem.Errorf(code, "%s", explanations[code].example)
	if code == tandem.InvalidArgument {
		e.Fields = []tandem.FieldError{{Pointer: "/limit", Detail: "must be at most 100", Expected: "at most 100", Received: "1000"}}
	}
	switch code {
	case tandem.Internal:
		e.CorrelationID = "01J9ZC5M7Q3W"
	case tandem.ResourceExhausted, tandem.Unavailable:
		e.RetryAfter = 2 * time.Second
	}
	return e
}

// headersOf lists what a response says beside its body.
func headersOf(status int) object {
	header := func(description, kind string, example any) object {
		return object{{"description", description}, {"schema", object{{"type", kind}}}, {"example", example}}
	}
	switch status {
	case http.StatusUnauthorized:
		return object{{"WWW-Authenticate", header("How to authenticate (RFC 6750)", "string", `Bearer error="invalid_token"`)}}
	case http.StatusForbidden:
		return object{{"WWW-Authenticate", header("The scopes that the operation needs, if they are what is missing (RFC 6750)", "string", `Bearer error="insufficient_scope", scope="items:read"`)}}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return object{{"Retry-After", header("After how many seconds to try again, if that is known", "integer", 2)}}
	}
	return nil
}

// explanation says what a code means to a caller.
type explanation struct {
	what    string // completes "`code`: …."
	example string // the detail of the example
}

var explanations = map[tandem.Code]explanation{
	tandem.Canceled:           {"the call was cancelled before its end", "the call was cancelled"},
	tandem.Unknown:            {"an error of unknown kind", "unknown error"},
	tandem.InvalidArgument:    {"the arguments are wrong; each mistake is listed with a JSON Pointer into the arguments", "1 argument is invalid"},
	tandem.DeadlineExceeded:   {"the operation ran out of time", "the operation ran out of time"},
	tandem.NotFound:           {"there is no such thing", "there is no such thing"},
	tandem.AlreadyExists:      {"there is such a thing already", "there is such a thing already"},
	tandem.PermissionDenied:   {"the caller may not do this", `operation "list_items" needs the scopes: items:read`},
	tandem.ResourceExhausted:  {"a quota or the rate limit is used up", "too many requests; try again later"},
	tandem.FailedPrecondition: {"the present state forbids it", "the present state forbids it"},
	tandem.Aborted:            {"it conflicts with another call", "another call changed the same thing; read it again and repeat"},
	tandem.OutOfRange:         {"it is past the valid range", "the cursor is past the end"},
	tandem.Unimplemented:      {"it is not supported", "it is not supported"},
	tandem.Internal:           {"a fault of the service; its log has the cause under the correlation id", "internal error; the service's log has the cause under the correlation id"},
	tandem.Unavailable:        {"a passing fault; try again", "the service is going down; try again"},
	tandem.DataLoss:           {"data was lost or damaged", "data was lost or damaged"},
	tandem.Unauthenticated:    {"credentials are missing or not valid", "credentials are missing or not valid"},
}

// refusal is what the door answers by HTTP's own rules.
type refusal struct {
	name        string
	description string
	detail      string
	code        tandem.Code
}

var refusals = map[int]refusal{
	http.StatusNotAcceptable: {
		"NotAcceptable", "The answer has none of the media types that the request accepts.",
		"the answer is application/json; text/event-stream with progress is to be had as well", tandem.InvalidArgument,
	},
	http.StatusRequestEntityTooLarge: {
		"ContentTooLarge", "The body is larger than the service takes.",
		"the body may have at most 4194304 bytes", tandem.ResourceExhausted,
	},
	unprocessable: {
		"IdempotencyKeyReused", "The idempotency key was used with other arguments.",
		"the idempotency key was used with other arguments; a new call needs a new key", tandem.InvalidArgument,
	},
	http.StatusUnsupportedMediaType: {
		"UnsupportedMediaType", "The body is not declared as plain JSON.",
		"the body must be declared as Content-Type: application/json", tandem.InvalidArgument,
	},
}

func (r refusal) problem(status int) tandem.Problem {
	return tandem.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: r.code.String(), Detail: r.detail}
}
