package mcp

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/tandem-go/tandem"
)

// resourceDefinition is a resource or a template in a list.
type resourceDefinition struct {
	URI         string `json:"uri,omitempty"`
	URITemplate string `json:"uriTemplate,omitempty"`
	Name        string `json:"name"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	MIMEType    string `json:"mimeType,omitempty"`
}

// resourceEntry encodes a resource or a template.
func resourceEntry(r *tandem.RegisteredResource) (kind, entry, error) {
	k := resources
	definition := resourceDefinition{URI: r.URI, Name: r.Name, Title: r.Title, Description: r.Description, MIMEType: r.MIMEType}
	if r.IsTemplate() {
		k = templates
		definition.URI, definition.URITemplate = "", r.URI
	}
	encoded, err := json.Marshal(definition)
	if err != nil {
		return k, entry{}, fmt.Errorf("mcp: resource %q: %w", r.Name, err)
	}
	return k, entry{op: r.Operation(), name: r.Name, encoded: encoded, completes: k == templates && r.Completes(), add: func(c *catalog) {
		if k == resources {
			c.fixed[r.URI] = r
			return
		}
		c.templates = append(c.templates, r)
	}}, nil
}

// uriOf returns the target of a request about a resource, and its URI.
func (d *Door) uriOf(ctx context.Context, x *exchange) (*target, string, error) {
	t, err := d.target(ctx, x.msg)
	if err != nil {
		return nil, "", err
	}
	uri, ok := text(x.msg.params.uri)
	if t.resource != nil {
		return t, uri, nil
	}
	s, err := d.sight(ctx)
	switch {
	case err != nil:
		return nil, "", err
	case !s.has(ctx).resources:
		return nil, "", methodNotFound(x.msg.method)
	case !ok:
		return nil, "", invalidParams(`"uri" must be a string`)
	}
	t.beyond = s.beyond().resources
	return t, uri, nil
}

// readResource serves resources/read: decode ▸ invoke ▸ encode. What the service
// has comes before what the SDK's server has.
func (d *Door) readResource(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	t, uri, err := d.uriOf(ctx, x)
	if err != nil {
		return dst, err
	}
	r := t.resource
	switch {
	case r != nil:
	case t.beyond:
		return d.bridgeRead(ctx, dst, x)
	default:
		return dst, noResource(x, uri, tandem.Errorf(tandem.NotFound, "no resource %q", clip([]byte(uri), 256)))
	}
	call, err := hiddenCall(t.op, t.arguments, x.msg)
	if err != nil {
		return dst, err
	}
	result, err := d.invoke(ctx, call, x)
	if out, done, fault := d.interim(dst, err); done {
		return out, fault
	}
	if err != nil {
		return dst, noResource(x, uri, err)
	}
	return d.appendContents(dst, x, r.ContentsOf(uri, result)), nil
}

// bridgeRead has the SDK's server read. It has one code for what does not exist, in
// every revision.
func (d *Door) bridgeRead(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	dst, err := d.bridge(ctx, dst, x)
	var e *rpcError
	if !x.modern() && errors.As(err, &e) && e.code == codeInvalidParams && e.message == "Resource not found" {
		e.code = codeResourceNotFound
	}
	return dst, err
}

// hiddenCall makes a call of the operation behind a resource or a prompt.
func hiddenCall(op *tandem.Registered, arguments []byte, m *message) (*tandem.Call, error) {
	if m.params.meta.raw != nil && !isObject(m.params.meta.raw) {
		return nil, invalidParams(`"_meta" must be an object`)
	}
	return &tandem.Call{Operation: op, Door: tandem.MCP, Arguments: arguments, Meta: m.params.meta.raw}, nil
}

// appendContents appends a ReadResourceResult. The contents may depend on the
// caller and change at any time, so that nobody is told to keep them.
func (d *Door) appendContents(dst []byte, x *exchange, contents tandem.Contents) []byte {
	dst = appendResultType(dst, x)
	dst = append(dst, `"contents":[`...)
	for i, c := range contents {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, c.ContentsJSON()...)
	}
	dst = append(dst, ']')
	if x.modern() {
		dst = append(dst, `,"ttlMs":0,"cacheScope":"private"`...)
	}
	return d.appendServerMeta(dst, x)
}

// appendResultType begins a result.
func appendResultType(dst []byte, x *exchange) []byte {
	dst = append(dst, '{')
	if x.modern() {
		dst = append(dst, `"resultType":"complete",`...)
	}
	return dst
}

// appendServerMeta ends a result.
func (d *Door) appendServerMeta(dst []byte, x *exchange) []byte {
	if x.modern() {
		dst = append(append(dst, ','), d.serverMeta...)
	}
	return append(dst, '}')
}

// codeResourceNotFound is what the revisions before 2026-07-28 have for a resource
// that does not exist.
const codeResourceNotFound = -32002

// noResource returns the protocol's error of a resource that could not be read.
func noResource(x *exchange, uri string, err error) error {
	e := refusal(err)
	if e == nil || tandem.CodeOf(err) != tandem.NotFound {
		return refusedOr(e, err)
	}
	if !x.modern() {
		e.code = codeResourceNotFound
	}
	e.data = append(appendString(append(e.data[:len(e.data)-1], `,"uri":`...), []byte(uri)), '}')
	return e
}

// refusal returns the protocol's error for an operation's, with the problem
// document as its data, since these methods have no results that say what is
// wrong. It is nil for an error that is none of an operation.
func refusal(err error) *rpcError {
	var e *tandem.Error
	if !errors.As(err, &e) {
		return nil
	}
	fault := &rpcError{code: codeInvalidRequest, message: e.Message, data: e.Problem().JSON()}
	switch e.Code {
	case tandem.InvalidArgument, tandem.NotFound, tandem.OutOfRange:
		fault.code = codeInvalidParams
	case tandem.Unauthenticated, tandem.PermissionDenied:
		fault.status = tandem.PermissionDenied.HTTPStatus() // 401 would begin a challenge
	case tandem.Internal, tandem.Unknown, tandem.DataLoss, tandem.Unimplemented, tandem.DeadlineExceeded, tandem.Unavailable, tandem.ResourceExhausted:
		fault.code, fault.status = codeInternal, e.Code.HTTPStatus()
	}
	return fault
}

func refusedOr(e *rpcError, err error) error {
	if e == nil {
		return err
	}
	return e
}
