package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/openapi"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The reference service's document changes only when somebody means it to.
func TestGolden(t *testing.T) {
	doc := build(t, inventory(t), openapi.Config{Security: openapi.Security{Bearer: true}})
	for name, got := range map[string][]byte{"inventory.json": doc.JSON(), "inventory.yaml": doc.YAML()} {
		file := filepath.Join("testdata", name)
		if *update {
			write(t, file, got)
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (run with -update if it is meant):\n%s", file, diff)
		}
	}
}

// The same service gives the same bytes.
func TestDeterministic(t *testing.T) {
	first := build(t, everything(t), openapi.Config{})
	for range 5 {
		if again := build(t, everything(t), openapi.Config{}); !bytes.Equal(first.JSON(), again.JSON()) || !bytes.Equal(first.YAML(), again.YAML()) {
			t.Fatal("two documents of the same service differ")
		}
	}
}

// YAML says the same as JSON.
func TestYAML(t *testing.T) {
	doc := build(t, everything(t), openapi.Config{Security: openapi.Security{Bearer: true}})
	var fromYAML any
	if err := yaml.Unmarshal(doc.YAML(), &fromYAML); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(decode(t, doc.JSON()), decode(t, text)); diff != "" {
		t.Error(diff)
	}
}

func decode(t testing.TB, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// at returns the value at a JSON Pointer; nil if there is none.
func at(v any, pointer string) any {
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		members, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = members[unescape.Replace(token)]
	}
	return v
}

func names(v any) []string {
	members, _ := v.(map[string]any)
	var all []string
	for name := range members {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// What the service says of itself is in the document, and what it does not say
// has a text all the same.
func TestInfo(t *testing.T) {
	doc := decode(t, build(t, everything(t), openapi.Config{}).JSON())
	want := map[string]any{
		"title": "everything", "version": "2.0.0-rc.1", "description": "The REST API of everything.",
		"termsOfService": "https://tandem.dev/terms",
		"contact":        map[string]any{"name": "Everybody"},
		"license":        map[string]any{"name": "Apache-2.0", "identifier": "Apache-2.0"},
	}
	if diff := cmp.Diff(any(want), at(doc, "/info")); diff != "" {
		t.Error(diff)
	}
}

// The server's URL is the configured one, without a slash at its end, and the
// default prefix otherwise.
func TestServers(t *testing.T) {
	for url, want := range map[string]string{"": "/api/v1", "https://api.tandem.dev/v2/": "https://api.tandem.dev/v2"} {
		doc := decode(t, build(t, everything(t), openapi.Config{ServerURL: url}).JSON())
		servers, _ := at(doc, "/servers").([]any)
		if len(servers) != 1 || at(servers[0], "/url") != want {
			t.Errorf("%q: servers are %v", url, servers)
		}
	}
}

// Tags are those that operations of the document carry, each with a
// description; operations without one get one.
func TestTags(t *testing.T) {
	doc := decode(t, build(t, everything(t), openapi.Config{}).JSON())
	want := []any{
		map[string]any{"name": "files", "description": "Files"},
		map[string]any{"name": "late", "description": "Late"},
		map[string]any{"name": "operations", "description": "Operations"},
	}
	if diff := cmp.Diff(any(want), at(doc, "/tags")); diff != "" {
		t.Error(diff)
	}
}

// An operation that is closed to REST is not in the document, nor is what only
// it refers to.
func TestDoors(t *testing.T) {
	doc := decode(t, build(t, everything(t), openapi.Config{}).JSON())
	if think := at(doc, "/paths/~1think"); think != nil {
		t.Errorf("the document has %v", think)
	}
	if at(doc, "/paths/~1files~1{bucket}/get/x-mcp-tool") != "list_files" {
		t.Error("an operation does not name its tool")
	}
	if tool := at(doc, "/paths/~1files~1{bucket}/delete/x-mcp-tool"); tool != nil {
		t.Errorf("an operation that is closed to MCP names the tool %v", tool)
	}
}

// Each argument is described where the router reads it.
func TestParameters(t *testing.T) {
	doc := decode(t, build(t, everything(t), openapi.Config{}).JSON())
	put := at(doc, "/paths/~1files~1{bucket}~1{file}/put")
	parameters, _ := at(put, "/parameters").([]any)
	var got []string
	for _, p := range parameters {
		got = append(got, at(p, "/in").(string)+" "+at(p, "/name").(string))
	}
	want := []string{"path bucket", "path file", "query versions", "header If-Match"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	if at(parameters[0], "/required") != true || at(parameters[2], "/required") != nil {
		t.Error("path variables alone are required here")
	}
	if at(parameters[0], "/example") != "photos" || at(parameters[0], "/description") != "The bucket" || at(parameters[0], "/schema/pattern") != "^[a-z]+$" {
		t.Errorf("the path variable is described as %v", parameters[0])
	}
	body := at(put, "/requestBody/content/application~1json/schema")
	if diff := cmp.Diff([]string{"colour", "counts", "data", "expires", "extra", "free", "note", "shape", "tree"}, names(at(body, "/properties"))); diff != "" {
		t.Errorf("the body holds what is nowhere else:\n%s", diff)
	}
	if at(put, "/requestBody/required") != false {
		t.Error("a body whose properties are all optional is required")
	}
}

// A body that is the whole of the arguments is a component with its example.
func TestWholeBody(t *testing.T) {
	doc := decode(t, build(t, inventory(t), openapi.Config{}).JSON())
	body := at(doc, "/paths/~1products~1query/post/requestBody")
	if at(body, "/content/application~1json/schema/$ref") != "#/components/schemas/ProductQuery" || at(body, "/required") != true {
		t.Errorf("the body is %v", body)
	}
	if at(body, "/content/application~1json/example/sku") == nil {
		t.Error("the body has no example")
	}
	if get := at(doc, "/paths/~1products/get/requestBody"); get != nil {
		t.Errorf("a GET has the body %v", get)
	}
}

// Success has the operation's status; an event stream is always 200.
func TestSuccess(t *testing.T) {
	doc := decode(t, build(t, everything(t), openapi.Config{}).JSON())
	for pointer, want := range map[string][]string{
		"/paths/~1files~1{bucket}~1{file}/put/responses/201/content": {"application/json"},
		"/paths/~1files~1{bucket}~1{file}/put/responses/200/content": {"text/event-stream"},
		"/paths/~1files~1{bucket}/get/responses/200/content":         {"application/json", "text/event-stream"},
		"/paths/~1files~1{bucket}/delete/responses/204":              {"description"},
		"/paths/~1buckets~1{bucket}/head/responses/204":              {"description"},
	} {
		if diff := cmp.Diff(want, names(at(doc, pointer))); diff != "" {
			t.Errorf("%s:\n%s", pointer, diff)
		}
	}
	if got := at(doc, "/paths/~1buckets~1{bucket}/head/responses/200"); got != nil {
		t.Errorf("HEAD has an event stream: %v", got)
	}
}

// An operation lists the problems that it can answer with, and no others.
func TestProblems(t *testing.T) {
	doc := decode(t, build(t, everything(t), openapi.Config{Security: openapi.Security{Bearer: true}}).JSON())
	for pointer, want := range map[string][]string{
		// it has scopes, a body, a timeout and declared errors
		"/paths/~1files~1{bucket}~1{file}/put": {"200", "201", "400", "401", "403", "404", "406", "409", "413", "415", "429", "500", "501", "503", "504"},
		"/paths/~1files~1{bucket}/get":         {"200", "400", "401", "406", "429", "500", "503"},
		"/paths/~1files~1{bucket}/delete":      {"200", "204", "400", "401", "406", "429", "500", "503"},
	} {
		if diff := cmp.Diff(want, names(at(doc, pointer+"/responses"))); diff != "" {
			t.Errorf("%s:\n%s", pointer, diff)
		}
	}
	conflict := at(doc, "/paths/~1files~1{bucket}~1{file}/put/responses/409/$ref")
	if conflict != "#/components/responses/AlreadyExistsOrAbortedProblem" {
		t.Fatalf("409 is %v", conflict)
	}
	media := at(doc, "/components/responses/AlreadyExistsOrAbortedProblem/content/application~1problem+json")
	if at(media, "/schema/$ref") != "#/components/schemas/Problem" {
		t.Errorf("its schema is %v", at(media, "/schema"))
	}
	if diff := cmp.Diff([]string{"aborted", "already_exists"}, names(at(media, "/examples"))); diff != "" {
		t.Error(diff)
	}
}

// Every code has an explanation and an example under its own status.
func TestEveryCode(t *testing.T) {
	svc := tandem.New("codes", "1")
	tandem.Register(svc, tandem.Operation{Name: "fail", Errors: tandem.Codes()}, nothing[struct{}, struct{}])
	doc := decode(t, build(t, svc, openapi.Config{}).JSON())
	for _, code := range tandem.Codes() {
		found := false
		responses, _ := at(doc, "/components/responses").(map[string]any)
		for _, response := range responses {
			description, _ := at(response, "/description").(string)
			_, explained, ok := strings.Cut(description, "`"+code.String()+"`: ")
			found = found || ok && !strings.HasPrefix(explained, ".")
		}
		if !found {
			t.Errorf("%s is not explained", code)
		}
	}
}

// Credentials are asked for where they are needed, and nowhere else.
func TestSecurity(t *testing.T) {
	bearer := []any{map[string]any{"bearer": []any{}}}
	for _, c := range []struct {
		name    string
		auth    bool
		pointer string
		want    any
	}{
		{"open", false, "/security", []any{}},
		{"closed", true, "/security", bearer},
		{"scoped, closed", true, "/paths/~1files~1{bucket}~1{file}/put/security", bearer},
		{"scoped, but open", false, "/paths/~1files~1{bucket}~1{file}/put/security", nil},
		{"scoped, but open: nobody is refused", false, "/paths/~1files~1{bucket}~1{file}/put/responses/403", nil},
		{"scopes are named", false, "/paths/~1files~1{bucket}~1{file}/put/x-scopes", []any{"files:read", "files:write"}},
		{"unscoped", false, "/paths/~1files~1{bucket}/get/security", nil},
		{"unscoped, closed", true, "/paths/~1files~1{bucket}/get/responses/401/$ref", "#/components/responses/UnauthenticatedProblem"},
		{"unscoped, open", false, "/paths/~1files~1{bucket}/get/responses/401", nil},
	} {
		doc := decode(t, build(t, everything(t), openapi.Config{Security: openapi.Security{Bearer: c.auth}}).JSON())
		if diff := cmp.Diff(c.want, at(doc, c.pointer)); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
	if schemes := at(decode(t, build(t, everything(t), openapi.Config{}).JSON()), "/components/securitySchemes"); schemes != nil {
		t.Errorf("a service that needs no credentials has the schemes %v", schemes)
	}
}

// Each kind of credentials is a scheme, any one of which is enough, and each says
// which scopes imply others.
func TestSecuritySchemes(t *testing.T) {
	svc := everything(t)
	svc.ImplyScopes("files", "files:write", "files:read")
	doc := decode(t, build(t, svc, openapi.Config{Security: openapi.Security{Bearer: true, Issuer: "https://id.example.com/x", Certificates: true}}).JSON())
	implies := map[string]any{"files": []any{"files:read", "files:write"}}
	for pointer, want := range map[string]any{
		"/security": []any{map[string]any{"bearer": []any{}}, map[string]any{"openid": []any{}}, map[string]any{"certificate": []any{}}},
		"/paths/~1files~1{bucket}~1{file}/put/security": []any{
			map[string]any{"bearer": []any{}}, map[string]any{"openid": []any{}}, map[string]any{"certificate": []any{}},
		},
		"/components/securitySchemes/bearer/type":              "http",
		"/components/securitySchemes/bearer/x-tandem-implies":  implies,
		"/components/securitySchemes/openid/openIdConnectUrl":  "https://id.example.com/x/.well-known/openid-configuration",
		"/components/securitySchemes/openid/x-tandem-implies":  implies,
		"/components/securitySchemes/certificate/type":         "mutualTLS",
		"/paths/~1files~1{bucket}~1{file}/put/x-tandem-policy": nil,
		"/paths/~1files~1{bucket}~1{file}/put/responses/403":   map[string]any{"$ref": "#/components/responses/PermissionDeniedProblem"},
	} {
		if diff := cmp.Diff(want, at(doc, pointer)); diff != "" {
			t.Errorf("%s:\n%s", pointer, diff)
		}
	}
}

// An operation that a policy judges says so, since its scopes do not say it all,
// and that it may refuse.
func TestPolicyIsTold(t *testing.T) {
	svc := tandem.New("judged", "1")
	allow := func(context.Context, tandem.Access) error { return nil }
	tandem.Register(svc, tandem.Operation{Name: "judged", Policy: allow}, nothing[struct{}, struct{}])
	tandem.Register(svc, tandem.Operation{Name: "free"}, nothing[struct{}, struct{}])
	doc := decode(t, build(t, svc, openapi.Config{}).JSON())
	if at(doc, "/paths/~1judged/post/x-tandem-policy") != true || at(doc, "/paths/~1judged/post/responses/403") == nil {
		t.Errorf("judged: %v", at(doc, "/paths/~1judged/post"))
	}
	if at(doc, "/paths/~1free/post/x-tandem-policy") != nil || at(doc, "/paths/~1free/post/responses/403") != nil {
		t.Errorf("free: %v", at(doc, "/paths/~1free/post"))
	}
}

// What is not visible leaves no trace: no path, no tag, no schema, no response.
func TestVisible(t *testing.T) {
	type secretIn struct {
		Hushed string `json:"hushed"`
	}
	svc := tandem.New("partly", "1")
	tandem.Register(svc, tandem.Operation{Name: "hush", Tags: []string{"hush"}, Scopes: []string{"hush"}, Errors: []tandem.Code{tandem.DataLoss}},
		nothing[secretIn, struct{}])
	tandem.Register(svc, tandem.Operation{Name: "look"}, nothing[struct{}, struct{}])
	visible := func(op *tandem.Registered) bool { return op.Name == "look" }
	cfg := openapi.Config{Security: openapi.Security{Bearer: true}}
	if all := string(build(t, svc, cfg).JSON()); strings.Count(all, "hush") < 4 || !strings.Contains(all, "DataLoss") {
		t.Fatalf("the control shows it too rarely: %s", all)
	}
	cfg.Visible = visible
	text := string(build(t, svc, cfg).JSON())
	if strings.Contains(text, "hush") || strings.Contains(text, "DataLoss") || !strings.Contains(text, `"/look"`) {
		t.Errorf("got %s", text)
	}
	if at(decode(t, []byte(text)), "/components/securitySchemes/bearer") == nil {
		t.Error("nobody is told how to see more")
	}
}

// Components are those that are referred to, directly or by others, and every
// reference has its component.
func TestComponents(t *testing.T) {
	text := string(build(t, everything(t), openapi.Config{Security: openapi.Security{Bearer: true}}).JSON())
	doc := decode(t, []byte(text))
	for _, kind := range []string{"schemas", "responses"} {
		for _, name := range names(at(doc, "/components/"+kind)) {
			if !strings.Contains(text, `"#/components/`+kind+"/"+name+`"`) {
				t.Errorf("nothing refers to %s/%s", kind, name)
			}
		}
	}
	for _, part := range strings.Split(text, `"#/components/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if at(doc, "/components/"+name) == nil {
			t.Errorf("%s is referred to, but does not exist", name)
		}
	}
}

// An operation links to its tool's page if that page has an absolute URL;
// linters refuse relative ones.
func TestDocsURL(t *testing.T) {
	for docs, want := range map[string]any{
		"https://tandem.dev/docs/mcp": "https://tandem.dev/docs/mcp#query_product",
		"../docs/mcp":                 nil,
		"":                            nil,
	} {
		doc := decode(t, build(t, inventory(t), openapi.Config{DocsURL: docs}).JSON())
		if got := at(doc, "/paths/~1products~1query/post/externalDocs/url"); got != want {
			t.Errorf("%q: the link is %v", docs, got)
		}
	}
}

// A service without operations has a document too.
func TestEmpty(t *testing.T) {
	doc := decode(t, build(t, tandem.New("empty", "1"), openapi.Config{}).JSON())
	if diff := cmp.Diff(any(map[string]any{}), at(doc, "/paths")); diff != "" {
		t.Error(diff)
	}
}

// Content is described by the media types that it has, or as anything.
func TestContent(t *testing.T) {
	doc := decode(t, build(t, everything(t), openapi.Config{}).JSON())
	for pointer, want := range map[string][]string{
		"/paths/~1show/get/responses/200/content":  {"application/geo+json", "image/png", "multipart/mixed", "text/csv", "text/event-stream"},
		"/paths/~1sign/post/responses/200/content": {"*/*", "text/event-stream"},
	} {
		if diff := cmp.Diff(want, names(at(doc, pointer))); diff != "" {
			t.Errorf("%s:\n%s", pointer, diff)
		}
	}
	png := at(doc, "/paths/~1show/get/responses/200/content/image~1png/schema")
	if diff := cmp.Diff(any(map[string]any{"type": "string", "contentMediaType": "image/png"}), png); diff != "" {
		t.Error(diff)
	}
	if at(doc, "/paths/~1show/get/responses/204") == nil {
		t.Error("no content is not described")
	}
	if at(doc, "/paths/~1sign/post/responses/204") != nil {
		t.Error("one block is described as none")
	}
}

// An operation that asks has the headers by which a caller goes on, and a conflict
// that shows the questions; others have neither.
func TestAsks(t *testing.T) {
	doc := decode(t, build(t, everything(t), openapi.Config{}).JSON())
	parameters, _ := at(doc, "/paths/~1sign/post/parameters").([]any)
	if len(parameters) != 2 || at(parameters[0], "/name") != "Tandem-Request-State" || at(parameters[1], "/in") != "header" || at(parameters[1], "/required") != nil {
		t.Errorf("the parameters are %v", parameters)
	}
	name := "FailedPreconditionOrAbortedOrInputRequiredProblem"
	if ref := at(doc, "/paths/~1sign/post/responses/409/$ref"); ref != "#/components/responses/"+name {
		t.Fatalf("409 is %v", ref)
	}
	examples := at(doc, "/components/responses/"+name+"/content/application~1problem+json/examples")
	if at(examples, "/input_required/value/input_required/questions") == nil || at(examples, "/failed_precondition/value/input_required") != nil {
		t.Errorf("the examples are %v", examples)
	}
	if at(doc, "/components/schemas/InputRequired/properties/state") == nil {
		t.Error("the schema of problems does not tell what is asked")
	}
	if got := at(doc, "/paths/~1draw/post/parameters"); got != nil {
		t.Errorf("an operation that does not ask has %v", got)
	}
}
