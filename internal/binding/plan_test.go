package binding_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem/internal/binding"
	"github.com/tandem-go/tandem/internal/schema"
)

// compile plans T as the input of an operation.
func compile[T any](t testing.TB) *schema.Type {
	t.Helper()
	typ, err := schema.NewRegistry().Compile(reflect.TypeFor[T](), schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func plan[T any](t testing.TB, method, path string) *binding.Plan {
	t.Helper()
	p, err := binding.New(method, path, compile[T](t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestRefusals holds what must fail at start-up rather than at a request.
func TestRefusals(t *testing.T) {
	type none struct{}
	type id struct {
		ID string `json:"id"`
	}
	type thing struct {
		A int `json:"a"`
	}
	for name, c := range map[string]struct {
		method, path string
		in           *schema.Type
		want         string
	}{
		"no slash":      {"GET", "things", compile[none](t), "must start with a slash"},
		"empty":         {"GET", "", compile[none](t), "must start with a slash"},
		"lone argument": {"GET", "/things/{id}", compile[none](t), "path variable {id} has no argument"},
		"read-only variable": {"GET", "/{id}", compile[struct {
			ID string `json:"id" readOnly:"true"`
		}](t), "path variable {id} has no argument"},
		"same variable twice": {"GET", "/{id}/{id}", compile[id](t), "duplicate wildcard"},
		"variable with dash": {"GET", "/{my-id}", compile[struct {
			ID string `json:"my-id"`
		}](t), "bad wildcard name"},
		"part of a segment":  {"GET", "/{id}.json", compile[id](t), "must consist of segments"},
		"rest in the middle": {"GET", "/{id...}/x", compile[id](t), "not at end"},
		"end marker":         {"GET", "/things/{$}", compile[none](t), "{$} is needless"},
		"empty segment":      {"GET", "/a//b", compile[none](t), "must consist of segments"},
		"dot segments":       {"GET", "/a/../b", compile[none](t), "unclean"},
		"query in the path":  {"GET", "/a?b", compile[none](t), "must consist of segments"},
		"space":              {"GET", "/a b", compile[none](t), "must consist of segments"},
		"variable elsewhere": {"GET", "/{id}", compile[struct {
			ID string `json:"id" in:"query"`
		}](t), `its tag says in:"query"`},
		"array in path": {"GET", "/{id}", compile[struct {
			ID []string `json:"id"`
		}](t), "but this is of type array"},
		"object in path": {"GET", "/{id}", compile[struct {
			ID thing `json:"id"`
		}](t), "but this is of type object"},
		"nullable in path": {"GET", "/{id}", compile[struct {
			ID *string `json:"id"`
		}](t), "but this is a nullable string"},
		"anything in path": {"GET", "/{id}", compile[struct {
			ID json.RawMessage `json:"id"`
		}](t), "several types"},
		"object in query": {"GET", "/", compile[struct {
			T thing `json:"t"`
		}](t), `argument "t"`},
		"map in query": {"DELETE", "/", compile[struct {
			M map[string]int `json:"m"`
		}](t), "the body can carry it"},
		"anything in query": {"GET", "/", compile[struct {
			X any `json:"x"`
		}](t), "several types"},
		"objects in query": {"GET", "/", compile[struct {
			T []thing `json:"t"`
		}](t), "an array of other things"},
		"matrix in query": {"POST", "/", compile[struct {
			T [][]int `json:"t" in:"query"`
		}](t), "an array of other things"},
		"array in header": {"POST", "/", compile[struct {
			T []int `json:"t" in:"header"`
		}](t), "a header must be"},
		"reserved header": {"POST", "/", compile[struct {
			T string `json:"authorization" in:"header"`
		}](t), "header Authorization has another meaning"},
		"reserved prefix": {"POST", "/", compile[struct {
			T string `json:"mcp_name" in:"header"`
		}](t), "header Mcp-Name has another meaning"},
		"content header": {"GET", "/", compile[struct {
			T string `json:"content_type" in:"header"`
		}](t), "another meaning"},
		"host": {"GET", "/", compile[struct {
			T string `json:"host" in:"header"`
		}](t), "another meaning"},
		"illegal header": {"POST", "/", compile[struct {
			T string `json:"a b" in:"header"`
		}](t), "cannot be the name of a header"},
		"header not ASCII": {"POST", "/", compile[struct {
			T string `json:"größe" in:"header"`
		}](t), "cannot be the name of a header"},
		"same header": {"POST", "/", compile[struct {
			A string `json:"x_a" in:"header"`
			B string `json:"X-A" in:"header"`
		}](t), "would share the header X-A"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := binding.New(c.method, c.path, c.in)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one that contains %q", err, c.want)
			}
		})
	}
}

type everywhere struct {
	SKU     string    `json:"sku"`
	IfMatch string    `json:"if_match,omitzero" in:"header"`
	DryRun  bool      `json:"dry_run,omitzero" in:"query"`
	At      time.Time `json:"at,omitzero" in:"query"`
	Count   int       `json:"count"`
	Created string    `json:"created" readOnly:"true"`
}

// TestPlaces protects the binding rules: path by name, tags override, the method decides the rest.
func TestPlaces(t *testing.T) {
	want := map[string]map[string]string{
		"PUT":    {"sku": "path sku", "if_match": "header If-Match", "dry_run": "query dry_run", "at": "query at", "count": "body count"},
		"DELETE": {"sku": "path sku", "if_match": "header If-Match", "dry_run": "query dry_run", "at": "query at", "count": "query count"},
	}
	for method, want := range want {
		got := map[string]string{}
		for _, p := range plan[everywhere](t, method, "/products/{sku}").Params {
			got[p.Name] = p.Place.String() + " " + p.Key
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", method, got, want)
		}
	}
}

// TestPattern protects exact matching: no pattern ends with a slash, which would match every path below it.
func TestPattern(t *testing.T) {
	type none struct{}
	type file struct {
		Name string `json:"name"`
	}
	for _, c := range []struct {
		plan         *binding.Plan
		prefix, want string
	}{
		{plan[none](t, "GET", "/status"), "/api/v1", "GET /api/v1/status"},
		{plan[none](t, "GET", "/status/"), "", "GET /status"},
		{plan[none](t, "GET", "/"), "/api/v1", "GET /api/v1"},
		{plan[none](t, "GET", "/"), "", "GET /{$}"},
		{plan[file](t, "PUT", "/files/{name...}"), "", "PUT /files/{name...}"},
	} {
		if got := c.plan.Pattern(c.prefix); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
