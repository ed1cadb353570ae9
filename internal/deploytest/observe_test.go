package deploytest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/service"
	"github.com/tandem-go/tandem/server"
)

// query is one PromQL expression and where it stands.
type query struct{ where, expr string }

// Every series that the dashboard and the alerts name is one that the service
// exports, with the labels by which they choose and group.
func TestQueriesNameWhatIsExported(t *testing.T) {
	exported := scrape(t)
	queries := append(dashboard(t), alerts(t)...)
	if len(queries) < 20 {
		t.Fatalf("only %d queries were found", len(queries))
	}
	for _, q := range queries {
		for _, wrong := range exported.check(q.expr) {
			t.Errorf("%s: %s\n%s", q.where, wrong, q.expr)
		}
	}
}

// The check finds what it is for.
func TestQueriesAreChecked(t *testing.T) {
	known := series{"calls_total": {"door": true}, "time_seconds_bucket": {"le": true}}
	for expr, fine := range map[string]bool{
		`sum by (door) (rate(calls_total{job="x",door=~"a|b(c)"}[5m])) > 1`:    true,
		`histogram_quantile(0.9, sum by (le) (rate(time_seconds_bucket[1m])))`: true,
		`rate(call_total[5m])`:                     false,
		`calls_total{dor="rest"}`:                  false,
		`sum by (doors) (calls_total)`:             false,
		`sum by (le) (calls_total)`:                false,
		`rat(calls_total[5m])`:                     false,
		`sum(calls_total{door="rest"}`:             false,
		`time_seconds_bucket + calls_total{le=""}`: false,
	} {
		if wrong := known.check(expr); (len(wrong) == 0) != fine {
			t.Errorf("%s: %q", expr, wrong)
		}
	}
}

// dashboard returns the queries of the panels, the variables and the annotations.
func dashboard(t *testing.T) []query {
	t.Helper()
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct {
				Name  string
				Query any
			}
		}
		Annotations struct{ List []struct{ Name, Expr string } }
	}
	if err := json.Unmarshal([]byte(read(t, "grafana/tandem.json")), &d); err != nil {
		t.Fatal(err)
	}
	var all []query
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			all = append(all, query{p.Title, target.Expr})
		}
	}
	for _, v := range d.Templating.List {
		if m, ok := v.Query.(map[string]any); ok {
			expr := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`).ReplaceAllString(m["query"].(string), "sum by ($2) ($1)")
			all = append(all, query{"variable " + v.Name, expr})
		}
	}
	for _, a := range d.Annotations.List {
		all = append(all, query{"annotation " + a.Name, a.Expr})
	}
	return all
}

// alerts returns the rules' expressions; each rule says what to do.
func alerts(t *testing.T) []query {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "prometheus/alerts.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	var all []query
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s lacks its severity, summary or runbook", r.Alert)
			}
			all = append(all, query{"alert " + r.Alert, r.Expr})
		}
	}
	return all
}

// series are the exported names, each with its labels.
type series map[string]map[string]bool

// scrape returns what a service exports that has a pool and was called.
func scrape(t *testing.T) series {
	t.Helper()
	svc, err := service.New(service.Config{DatabaseURL: tandem.Secret("sqlite:" + filepath.Join(t.TempDir(), "inventory.db"))})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(svc, server.Config{PublicURL: "http://localhost"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := svc.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	ask(t, s, "POST", "/api/v1/products/query", `{"sku":"SKU-0042"}`)
	ask(t, s, "POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_products","arguments":{"limit":"2"},`+
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
		"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "list_products")
	return parse(ask(t, s, "GET", "/metrics", ""))
}

func ask(t *testing.T, h http.Handler, method, path, body string, header ...string) string {
	t.Helper()
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream, text/plain")
	r.RemoteAddr = "127.0.0.1:1"
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Body.String()
}

var (
	sample  = regexp.MustCompile(`(?m)^([a-z_]+)(?:\{(.*)\})? \S+$`)
	matcher = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)\s*"[^"]*"`)
)

// parse reads the text format of /metrics. Every target has the series up.
func parse(text string) series {
	s := series{"up": {}}
	for _, m := range sample.FindAllStringSubmatch(text, -1) {
		if s[m[1]] == nil {
			s[m[1]] = map[string]bool{}
		}
		for _, label := range matcher.FindAllStringSubmatch(m[2], -1) {
			s[m[1]][label[1]] = true
		}
	}
	return s
}

// target are the labels that Prometheus adds to every series.
var target = []string{"job", "instance"}

// words are what else stands in the queries.
var words = []string{"sum", "max", "rate", "changes", "histogram_quantile", "by", "and"}

var (
	quoted   = regexp.MustCompile(`"[^"]*"`)
	window   = regexp.MustCompile(`\[[^\]]*\]`)
	selector = regexp.MustCompile(`([a-z_:]+)\{([^}]*)\}`)
	grouping = regexp.MustCompile(`by \(([^)]*)\)`)
	name     = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
)

// check returns what is wrong with an expression. It is no parser of PromQL: it sees
// names, labels and parentheses.
func (s series) check(expr string) (wrong []string) {
	for _, m := range selector.FindAllStringSubmatch(expr, -1) {
		for _, label := range matcher.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(target, label[1]) && !s[m[1]][label[1]] {
				wrong = append(wrong, m[1]+" has no label "+label[1])
			}
		}
	}
	rest := window.ReplaceAllString(selector.ReplaceAllString(expr, "$1"), "")
	if strings.Count(rest, "(") != strings.Count(rest, ")") {
		wrong = append(wrong, "the parentheses do not match")
	}
	groups := grouping.FindAllStringSubmatch(rest, -1)
	rest = quoted.ReplaceAllString(grouping.ReplaceAllString(rest, ""), "")
	for _, n := range name.FindAllString(rest, -1) {
		labels, known := s[n]
		if !known && !slices.Contains(words, n) {
			wrong = append(wrong, "nothing exports "+n)
		}
		for _, g := range groups {
			for _, label := range strings.Split(g[1], ", ") {
				if known && !slices.Contains(target, label) && !labels[label] {
					wrong = append(wrong, n+" has no label "+label)
				}
			}
		}
	}
	return wrong
}
