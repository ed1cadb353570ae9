package openapi

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-go/tandem"
)

// version is the OpenAPI version of the documents.
const version = "3.1.0"

// Config says what a document tells beyond the service itself.
type Config struct {
	// ServerURL is where the REST door is: its prefix such as "/api/v1", or a whole
	// URL that ends in it. Empty means "/api/v1".
	ServerURL string
	// Security says which credentials every operation needs; zero means none.
	Security Security
	// Visible chooses the operations to describe; nil means all.
	Visible func(op *tandem.Registered) bool
	// DocsURL is the absolute URL of the docs page of the tools, to which each
	// operation then links. Empty leaves out the links, and so does a relative one,
	// which linters refuse.
	DocsURL string
}

// Document is an OpenAPI document.
type Document struct {
	json, yaml []byte
}

// JSON returns the document in JSON. The caller must not change it.
func (d *Document) JSON() []byte { return d.json }

// YAML returns the document in YAML, in the same order. The caller must not
// change it.
func (d *Document) YAML() []byte { return d.yaml }

// Build describes the operations that the service serves over REST, in the order
// in which they were registered. The same service gives the same bytes. The error
// names what in the service has no place in the document.
func Build(svc *tandem.Service, cfg Config) (*Document, error) {
	if cfg.ServerURL == "" {
		cfg.ServerURL = "/api/v1"
	}
	if u, err := url.Parse(cfg.DocsURL); err != nil || !u.IsAbs() {
		cfg.DocsURL = ""
	}
	b, err := newBuilder(svc, cfg)
	if err != nil {
		return nil, err
	}
	compact, err := encode(b.document())
	if err == nil {
		err = b.err
	}
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	text := jsontext.Value(compact)
	if err := text.Indent(jsontext.WithIndent("  ")); err != nil {
		return nil, fmt.Errorf("openapi: a schema is not JSON: %w", err)
	}
	inYAML, err := toYAML(text)
	if err != nil {
		return nil, fmt.Errorf("openapi: to YAML: %w", err)
	}
	return &Document{json: append([]byte(text), '\n'), yaml: inYAML}, nil
}

// builder makes one document.
type builder struct {
	svc        *tandem.Service
	cfg        Config
	operations []*tandem.Registered
	schemas    *schemas
	responses  *responses
	err        error // the first one, of what is built deep inside
}

func newBuilder(svc *tandem.Service, cfg Config) (*builder, error) {
	b := &builder{svc: svc, cfg: cfg, schemas: newSchemas(svc.Schemas())}
	for _, op := range svc.Operations() {
		if op.Doors.Has(tandem.REST) && (cfg.Visible == nil || cfg.Visible(op)) {
			b.operations = append(b.operations, op)
		}
	}
	problem, err := b.schemas.problem()
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	b.responses = newResponses(problem)
	return b, nil
}

func (b *builder) document() object {
	paths := b.paths()
	var doc object
	doc.set("openapi", version)
	doc.set("info", b.info())
	doc.set("servers", []object{{{"url", strings.TrimSuffix(b.cfg.ServerURL, "/")}, {"description", "This service"}}})
	doc.set("security", b.cfg.Security.alternatives())
	doc.set("tags", b.tags())
	doc.set("paths", paths)
	doc.object("components", b.components())
	return doc
}

func (b *builder) info() object {
	i := b.svc.Info
	title := i.Title
	if title == "" {
		title = b.svc.Name()
	}
	description := i.Description
	if description == "" {
		description = "The REST API of " + title + "."
	}
	info := object{{"title", title}, {"version", b.svc.Version()}, {"description", description}}
	info.text("termsOfService", i.TermsOfService)
	var contact object
	contact.text("name", i.ContactName)
	contact.text("url", i.ContactURL)
	contact.text("email", i.ContactEmail)
	info.object("contact", contact)
	if i.License != "" {
		info.set("license", object{{"name", i.License}, {"identifier", i.License}})
	}
	return info
}

// untagged is the tag of operations that have none.
const untagged = "operations"

// tags lists the tags that operations of the document carry.
func (b *builder) tags() []object {
	wanted := map[string]bool{}
	for _, op := range b.operations {
		for _, name := range tagsOf(op) {
			wanted[name] = true
		}
	}
	list := []object{}
	for _, t := range append(b.svc.Tags(), tandem.Tag{Name: untagged}) {
		if !wanted[t.Name] {
			continue
		}
		delete(wanted, t.Name) // the first description counts
		description := t.Description
		if description == "" {
			description = inWords(t.Name)
		}
		list = append(list, object{{"name", t.Name}, {"description", description}})
	}
	return list
}

func tagsOf(op *tandem.Registered) []string {
	if len(op.Tags) == 0 {
		return []string{untagged}
	}
	return op.Tags
}

// paths lists the operations by their paths, each path where its first
// operation was registered.
func (b *builder) paths() object {
	items := map[string]*object{}
	var order []string
	for _, op := range b.operations {
		path := pathOf(op)
		if items[path] == nil {
			items[path] = &object{}
			order = append(order, path)
		}
		items[path].set(strings.ToLower(op.Method), b.operation(op))
	}
	paths := object{}
	for _, path := range order {
		paths.set(path, *items[path])
	}
	return paths
}

// pathOf returns the path template: OpenAPI has no variable for the rest of a path.
func pathOf(op *tandem.Registered) string {
	return strings.ReplaceAll(op.Binding().Path, "...}", "}")
}

// components lists what the operations refer to.
func (b *builder) components() object {
	var all object
	schemas, err := b.schemas.reachable()
	if err != nil {
		b.fail(err)
	}
	all.object("schemas", schemas)
	all.object("responses", b.responses.components())
	all.object("securitySchemes", b.securitySchemes())
	return all
}

// fail keeps the first error.
func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// inWords makes a sentence of an identifier: "query_product" → "Query product".
func inWords(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	text := strings.Join(words, " ")
	if text == "" {
		return name
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
