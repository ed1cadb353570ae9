package tandem

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/yosida95/uritemplate/v3"

	"github.com/tandem-go/tandem/internal/binding"
)

// maxURI bounds, in bytes, the URIs that are compared with a template, which takes
// some microseconds for each byte.
const maxURI = 2 << 10

// ResourceInfo says what a resource is to the world outside.
type ResourceInfo struct {
	// URI names the resource, such as "inventory://warehouses". For a template it
	// is an RFC 6570 template, such as "inventory://products/{sku}".
	URI string
	// Name is its short name: as an operation's, unique among resources.
	Name string
	// Title is a name for people; empty means Name.
	Title string
	// Description says what is in it.
	Description string
	// MIMEType is the media type of what it reads as; empty leaves it open.
	MIMEType string
	// Scopes are all needed by a reader; Tags are its toolsets.
	Scopes, Tags []string
	// Policy judges callers further, see [PolicyOf]; nil means that scopes are enough.
	Policy Policy
	// Complete suggests values of a template's variables. A variable whose type is
	// an enum needs none.
	Complete map[string]Completer
	// Interceptors run inside the service's own, the first one outermost.
	Interceptors []Interceptor
}

// RegisteredResource is a resource or a template in a service. It is immutable.
type RegisteredResource struct {
	ResourceInfo

	op        *Registered           // reads it
	template  *uritemplate.Template // nil for a fixed URI
	completer completer
}

// Resource adds a resource with a fixed URI. What read returns is its contents:
// [Text] as text, [Image], [Audio] and [Embedded] with data as bytes, [Blocks] as
// several of them, and any other value as JSON. It panics, naming the resource, if
// the registration is wrong.
func Resource[Out any](s *Service, info ResourceInfo, read func(ctx context.Context) (Out, error)) *RegisteredResource {
	r := &RegisteredResource{ResourceInfo: info}
	if _, err := url.Parse(info.URI); err != nil || info.URI == "" {
		panic(fmt.Sprintf("tandem: resource %q: %q is not a URI", info.Name, info.URI))
	}
	register(s, r, func(ctx context.Context, _ struct{}) (Out, error) { return read(ctx) })
	return r
}

// ResourceTemplate adds a family of resources. The template's variables are the
// fields of Vars, by their JSON names, with the tags that arguments have. A URI of
// more than 2 KiB is none of its own. It panics, naming the template, if the
// registration is wrong.
func ResourceTemplate[Vars, Out any](s *Service, info ResourceInfo, read Handler[Vars, Out]) *RegisteredResource {
	r := &RegisteredResource{ResourceInfo: info}
	register(s, r, read)
	return r
}

// register makes the hidden operation that reads r, and adds r.
func register[Vars, Out any](s *Service, r *RegisteredResource, read Handler[Vars, Out]) {
	r.op = hidden(s, "resource", Operation{
		Name: r.Name, Title: r.Title, Description: r.Description, ReadOnly: true,
		Scopes: r.Scopes, Policy: r.Policy, Tags: r.Tags, Interceptors: r.Interceptors,
	}, read)
	if err := s.addResource(r); err != nil {
		panic(fmt.Sprintf("tandem: resource %q: %v", r.Name, err))
	}
}

// templateOf makes an operation readable as a resource as well.
func templateOf(op *Registered) *RegisteredResource {
	media := "application/json"
	if op.content {
		media = ""
		if len(op.Produces) == 1 {
			media = op.Produces[0]
		}
	}
	return &RegisteredResource{
		ResourceInfo: ResourceInfo{
			URI: op.Resource, Name: op.Name, Title: op.Title, Description: op.Description,
			MIMEType: media, Scopes: op.Scopes, Tags: op.Tags,
		},
		op: op,
	}
}

// prepare parses the URI and checks it against the arguments of the operation
// that reads it.
func (r *RegisteredResource) prepare() error {
	if r.Title == "" {
		r.Title = r.Name
	}
	template, err := uritemplate.New(r.URI)
	if err != nil {
		return fmt.Errorf("URI %q: %w", r.URI, err)
	}
	variables := template.Varnames()
	names := []string{}
	for _, f := range r.op.input.Fields() {
		names = append(names, f.Name)
		if f.Required && !slices.Contains(variables, f.Name) {
			return fmt.Errorf("URI %q: the argument %q is required, but is no variable of the template", r.URI, f.Name)
		}
	}
	for _, v := range variables {
		if !slices.Contains(names, v) {
			return fmt.Errorf("URI %q: the variable {%s} has no argument of that JSON name", r.URI, v)
		}
	}
	if len(variables) > 0 {
		r.template = template
	}
	r.completer, err = newCompleter(r.op.input, r.Complete)
	return err
}

// IsTemplate reports whether the URI is a template.
func (r *RegisteredResource) IsTemplate() bool { return r.template != nil }

// Operation returns the operation that reads the resource, as interceptors see
// it.
func (r *RegisteredResource) Operation() *Registered { return r.op }

// ArgumentsOf returns the arguments object of a URI, with which [RegisteredResource.Operation]
// reads it; false if the URI is not one of r's.
func (r *RegisteredResource) ArgumentsOf(uri string) ([]byte, bool) {
	if r.template == nil {
		return []byte("{}"), uri == r.URI
	}
	if len(uri) > maxURI {
		return nil, false
	}
	values := r.template.Match(uri)
	if values == nil {
		return nil, false
	}
	args := []byte{'{'}
	for _, f := range r.op.input.Fields() {
		v := values.Get(f.Name)
		if !v.Valid() || v.String() == "" {
			continue
		}
		if len(args) > 1 {
			args = append(args, ',')
		}
		args = append(binding.AppendString(args, f.Name), ':')
		args = binding.AppendText(args, f.Kind, v.String())
	}
	return append(args, '}'), true
}

// Contents are what a resource reads as: its URI filled in.
type Contents []Embedded

// ReadResource reads the resource of a URI with the principal of ctx. The error is
// nil or an *[Error]; NotFound if no resource has the URI.
func (s *Service) ReadResource(ctx context.Context, uri string, call Call) (Contents, error) {
	r, args := s.findResource(uri)
	if r == nil {
		return nil, Errorf(NotFound, "no resource %q", uri)
	}
	call.Operation, call.Arguments = r.op, args
	result, err := r.op.Invoke(ctx, &call)
	if err != nil {
		return nil, err
	}
	return r.ContentsOf(uri, result), nil
}

// ContentsOf returns what [RegisteredResource.Operation] returned as the contents
// of a URI.
func (r *RegisteredResource) ContentsOf(uri string, result Result) Contents {
	switch {
	case r.op.content && len(result.Blocks) == 0: // it exists, so that it has contents
		return Contents{{URI: uri, MIMEType: cmp.Or(r.MIMEType, "text/plain")}}
	case !r.op.content:
		return Contents{{URI: uri, MIMEType: cmp.Or(r.MIMEType, "application/json"), Text: string(result.JSON)}}
	}
	contents := make(Contents, len(result.Blocks))
	for i, b := range result.Blocks {
		contents[i] = r.embed(uri, b)
	}
	return contents
}

// embed returns a block as the contents of a resource.
func (r *RegisteredResource) embed(uri string, b Block) Embedded {
	e := Embedded{URI: uri, MIMEType: r.MIMEType}
	switch b := b.(type) {
	case Text:
		e.Text, e.MIMEType = b.Text, cmp.Or(b.MIMEType, r.MIMEType, "text/plain")
	case Image:
		e.Data, e.MIMEType = *dataOf(b.Data), cmp.Or(b.MIMEType, r.MIMEType)
	case Audio:
		e.Data, e.MIMEType = *dataOf(b.Data), cmp.Or(b.MIMEType, r.MIMEType)
	case Embedded:
		e = b
		e.URI = cmp.Or(b.URI, uri)
		e.MIMEType = cmp.Or(b.MIMEType, r.MIMEType)
	case Link:
		e.Text, e.MIMEType = b.URI, "text/uri-list"
	}
	return e
}
