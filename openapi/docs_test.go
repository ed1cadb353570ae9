package openapi_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/nodetools"
	"github.com/tandem-go/tandem/openapi"
)

func get(t testing.TB, h http.Handler, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func read(t testing.TB, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var link = regexp.MustCompile(`(?:href|src|data-[a-z]+-(?:url|page))="([^"]*)"`)

// Every link on a page is relative and leads to what is served, with a trailing
// slash or without, below any base path.
func TestDocsLinks(t *testing.T) {
	docs := openapi.Docs(openapi.DocsConfig{})
	for _, base := range []string{"", "/behind/a/proxy", "/docs"} {
		for _, tail := range []string{"/docs", "/docs/", "/docs/mcp", "/docs/mcp/"} {
			page := get(t, docs, base+tail)
			text := read(t, page.Body)
			if page.StatusCode != http.StatusOK {
				t.Fatalf("%s: %s", base+tail, page.Status)
			}
			for _, m := range link.FindAllStringSubmatch(text, -1) {
				checkLink(t, docs, base, base+tail, m[1])
			}
		}
	}
}

func checkLink(t *testing.T, docs http.Handler, base, page, target string) {
	t.Helper()
	at := httptest.NewRequest(http.MethodGet, page, nil).URL
	resolved, err := at.Parse(target)
	if err != nil || strings.HasPrefix(target, "/") || strings.Contains(target, "://") {
		t.Errorf("%s links to %q", page, target)
		return
	}
	switch below, _ := strings.CutPrefix(resolved.Path, base); below {
	case "/openapi.json", "/openapi.yaml", "/mcp":
	default:
		if response := get(t, docs, resolved.RequestURI()); response.StatusCode != http.StatusOK {
			t.Errorf("%s links to %s: %s", page, resolved, response.Status)
		}
	}
}

// No page has a script, a style or an address that its policy would refuse.
func TestDocsPolicy(t *testing.T) {
	docs := openapi.Docs(openapi.DocsConfig{Title: `<script>alert(1)</script>`})
	for _, path := range []string{"/docs", "/docs/mcp"} {
		page := get(t, docs, path)
		policy := page.Header.Get("Content-Security-Policy")
		for _, rule := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self';", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, rule) {
				t.Errorf("%s: the policy %q lacks %q", path, policy, rule)
			}
		}
		text := read(t, page.Body)
		for _, bad := range []string{"<script>", "<style", " style=", "onclick=", "http://", "https://"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %q", path, bad)
			}
		}
	}
}

// The policy lets requests go to the configured origins, and to no others.
func TestDocsConnect(t *testing.T) {
	docs := openapi.Docs(openapi.DocsConfig{
		SpecURL: "https://api.tandem.dev/openapi.json",
		Connect: []string{"https://api.tandem.dev", "http://127.0.0.1:8000"},
	})
	policy := get(t, docs, "/docs").Header.Get("Content-Security-Policy")
	if want := "connect-src 'self' http://127.0.0.1:8000 https://api.tandem.dev;"; !strings.Contains(policy, want) {
		t.Errorf("the policy is %q", policy)
	}
}

// With one door, /docs shows its view, and the other is not there.
func TestDocsDoors(t *testing.T) {
	for _, c := range []struct {
		doors    tandem.Doors
		script   string // on /docs
		mcp      int    // status of /docs/mcp
		mentions string // what /docs must not mention
	}{
		{tandem.REST, "rest.js", http.StatusNotFound, "docs/mcp"},
		{tandem.MCP, "mcp.js", http.StatusOK, "openapi.json"},
		{0, "rest.js", http.StatusOK, "mcp.js"},
	} {
		docs := openapi.Docs(openapi.DocsConfig{Doors: c.doors})
		text := read(t, get(t, docs, "/docs").Body)
		if !strings.Contains(text, c.script) || strings.Contains(text, c.mentions) {
			t.Errorf("doors %v: /docs is\n%s", c.doors, text)
		}
		if got := get(t, docs, "/docs/mcp").StatusCode; got != c.mcp {
			t.Errorf("doors %v: /docs/mcp answers %d", c.doors, got)
		}
	}
}

// Files are sent compressed to those who take it, and not sent again to those
// who have them.
func TestDocsAssets(t *testing.T) {
	docs := openapi.Docs(openapi.DocsConfig{})
	for _, name := range []string{"swagger-ui.css", "mcp.js"} {
		path := "/docs/assets/" + name
		plain := get(t, docs, path)
		packed := get(t, docs, path, "Accept-Encoding", "br, gzip;q=0.8")
		if packed.Header.Get("Content-Encoding") != "gzip" || plain.Header.Get("Content-Encoding") != "" {
			t.Fatalf("%s: the encodings are wrong", name)
		}
		z, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		if read(t, z) != read(t, plain.Body) {
			t.Errorf("%s: compressed and plain differ", name)
		}
		if plain.Header.Get("ETag") == packed.Header.Get("ETag") {
			t.Errorf("%s: two representations share an ETag", name)
		}
		again := get(t, docs, path, "If-None-Match", plain.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || read(t, again.Body) != "" {
			t.Errorf("%s: a copy that is current is sent again: %s", name, again.Status)
		}
	}
}

// Only a URL that names the content's version may be kept without asking.
func TestDocsCaching(t *testing.T) {
	docs := openapi.Docs(openapi.DocsConfig{})
	page := get(t, docs, "/docs")
	if got := page.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("the page: %q", got)
	}
	versioned := regexp.MustCompile(`assets/swagger-ui-bundle\.js\?v=[0-9a-f]+`).FindString(read(t, page.Body))
	if got := get(t, docs, "/docs/"+versioned).Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("%s: %q", versioned, got)
	}
	if got := get(t, docs, "/docs/assets/swagger-ui-bundle.js?v=other").Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("another version: %q", got)
	}
}

// gzip is used only if the client does not refuse it.
func TestAcceptEncoding(t *testing.T) {
	docs := openapi.Docs(openapi.DocsConfig{})
	for header, want := range map[string]string{
		"gzip": "gzip", "deflate, gzip": "gzip", "gzip;q=1.0": "gzip", "gzip; q=0.001": "gzip",
		"": "", "br": "", "gzip;q=0": "", "gzip; q=0.000": "", "x-gzip2": "",
	} {
		if got := get(t, docs, "/docs/assets/docs.css", "Accept-Encoding", header).Header.Get("Content-Encoding"); got != want {
			t.Errorf("%q: got %q", header, got)
		}
	}
}

// Other paths and other methods are refused.
func TestDocsRefuses(t *testing.T) {
	docs := openapi.Docs(openapi.DocsConfig{})
	for _, path := range []string{"/docs/nothing", "/docs/assets/", "/docs/assets/rest.html", "/docs/assets/../docs.go", "/other", "/docs/mcp/x"} {
		if got := get(t, docs, path).StatusCode; got != http.StatusNotFound {
			t.Errorf("%s: %d", path, got)
		}
	}
	w := httptest.NewRecorder()
	docs.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/docs", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

// The embedded files of Swagger UI are those of the package that package.json
// pins; -update copies them.
func TestSwaggerFiles(t *testing.T) {
	source := filepath.Join(nodetools.Dir(t), "node_modules", "swagger-ui-dist")
	for _, name := range []string{"swagger-ui-bundle.js", "swagger-ui.css", "swagger-ui-bundle.js.LICENSE.txt", "LICENSE", "NOTICE"} {
		want, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("ui", "swagger-ui", name)
		packed := !strings.Contains(name, "LICENSE") && name != "NOTICE"
		if packed {
			file += ".gz"
		}
		if *update {
			write(t, file, pack(t, want, packed))
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if packed {
			got = unpack(t, got)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not the file of the package", file)
		}
	}
}

func pack(t testing.TB, content []byte, packed bool) []byte {
	t.Helper()
	if !packed {
		return content
	}
	var text bytes.Buffer
	z, err := gzip.NewWriterLevel(&text, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(content)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func unpack(t testing.TB, content []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(read(t, z))
}
