package binding_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tandem-go/tandem/internal/binding"
)

// bind routes a request as the REST door does and binds it.
func bind(t testing.TB, p *binding.Plan, r *http.Request, body []byte) (arguments string, invalid []string) {
	t.Helper()
	routed := false
	mux := http.NewServeMux()
	mux.HandleFunc(p.Pattern(""), func(_ http.ResponseWriter, r *http.Request) {
		routed = true
		args, fields := p.Arguments(nil, r, body)
		arguments = string(args)
		for _, f := range fields {
			invalid = append(invalid, f.Pointer+": "+f.Detail)
		}
	})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	if !routed {
		t.Fatalf("%s %s was not routed to %s: %d", r.Method, r.URL, p.Pattern(""), w.Code)
	}
	return arguments, invalid
}

type listing struct {
	Category string   `json:"category,omitzero"`
	InStock  *bool    `json:"in_stock,omitzero"`
	Limit    int      `json:"limit,omitzero"`
	Price    float64  `json:"price,omitzero"`
	Tag      []string `json:"tag,omitzero"`
	Level    []int64  `json:"level,omitzero"`
	Region   string   `json:"region,omitzero" in:"header"`
}

// TestQuery protects the reading of queries: text becomes JSON by the kind of its argument, and nothing is dropped.
func TestQuery(t *testing.T) {
	p := plan[listing](t, "GET", "/products")
	for query, want := range map[string]string{
		"":                                     `{}`,
		"&&":                                   `{}`,
		"category=tools":                       `{"category":"tools"}`,
		"category=a%26b+c%2Bd":                 `{"category":"a&b c+d"}`,
		"category=":                            `{"category":""}`,
		"category":                             `{"category":""}`,
		"category=a=b":                         `{"category":"a=b"}`,
		"category=%22%5C%0A%00%C3%A9":          `{"category":"\"\\\u000a\u0000é"}`,
		"category=5":                           `{"category":"5"}`,
		"limit=5":                              `{"limit":5}`,
		"limit=-0":                             `{"limit":-0}`,
		"limit=5.0":                            `{"limit":5.0}`,
		"limit=1e3":                            `{"limit":1e3}`,
		"limit=9007199254740993":               `{"limit":9007199254740993}`,
		"limit=123456789012345678901234567890": `{"limit":123456789012345678901234567890}`,
		"limit=":                               `{"limit":""}`,
		"limit=abc":                            `{"limit":"abc"}`,
		"limit=05":                             `{"limit":"05"}`,
		"limit=%2B5":                           `{"limit":"+5"}`,
		"limit=+5":                             `{"limit":" 5"}`,
		"limit=0x10":                           `{"limit":"0x10"}`,
		"limit=NaN":                            `{"limit":"NaN"}`,
		"limit=1_000":                          `{"limit":"1_000"}`,
		"limit=1%2C%22x%22:2":                  `{"limit":"1,\"x\":2"}`,
		"price=.5":                             `{"price":".5"}`,
		"price=5.":                             `{"price":"5."}`,
		"price=1e":                             `{"price":"1e"}`,
		"price=1E-2":                           `{"price":1E-2}`,
		"price=-":                              `{"price":"-"}`,
		"in_stock=true":                        `{"in_stock":true}`,
		"in_stock=True":                        `{"in_stock":"True"}`,
		"in_stock=null":                        `{"in_stock":"null"}`,
		"tag=a":                                `{"tag":["a"]}`,
		"tag=a,b":                              `{"tag":["a,b"]}`,
		"tag=a&limit=2&tag=b&tag=":             `{"tag":["a","b",""],"limit":2}`,
		"level=1&level=x":                      `{"level":[1,"x"]}`,
		"nope=1":                               `{"nope":"1"}`,
		"nope=1&nope=2&limit=3":                `{"nope":"1","limit":3}`,
		"=1":                                   `{"":"1"}`,
		"%22%3A=1":                             `{"\":":"1"}`,
	} {
		t.Run(query, func(t *testing.T) {
			got, invalid := bind(t, p, httptest.NewRequest("GET", "/products?"+query, nil), nil)
			if got != want || invalid != nil {
				t.Errorf("got %s and %q, want %s", got, invalid, want)
			}
		})
	}
}

// TestQueryInvalid protects what binding itself must refuse, lest something be dropped or read in two ways.
func TestQueryInvalid(t *testing.T) {
	p := plan[listing](t, "GET", "/products")
	for query, want := range map[string]string{
		"limit=1&limit=1":              "/limit: is given 2 times, but takes one value",
		"limit=%zz":                    "/limit: the text in the query is not well escaped",
		"%zz=1":                        ": the query has a parameter whose name is not well escaped",
		"limit=1;category=x":           "/limit: the text in the query is not well escaped",
		"limit;category=x":             ": the query has a parameter whose name is not well escaped",
		"region=eu":                    "/region: belongs in the header Region, not in the query",
		strings.Repeat("tag=a&", 1001): ": the query has more than 1000 parameters",
	} {
		got, invalid := bind(t, p, httptest.NewRequest("GET", "/products?"+query, nil), nil)
		if len(invalid) != 1 || invalid[0] != want {
			t.Errorf("%.30s: got %q, want %q", query, invalid, want)
		}
		if !jsontext.Value(got).IsValid() {
			t.Errorf("%.30s: arguments %s are no JSON", query, got)
		}
	}
}

// TestQueryUTF8 leaves bytes that are no text to the decoder, instead of mending them in silence.
func TestQueryUTF8(t *testing.T) {
	got, _ := bind(t, plan[listing](t, "GET", "/products"), httptest.NewRequest("GET", "/products?category=%ff", nil), nil)
	if want := "{\"category\":\"\xff\"}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestUnknownIsBounded keeps a flood of unknown parameters from making work.
func TestUnknownIsBounded(t *testing.T) {
	var query strings.Builder
	for i := range 900 {
		query.WriteString("x" + strings.Repeat("y", i) + "=1&")
	}
	got, invalid := bind(t, plan[listing](t, "GET", "/products"), httptest.NewRequest("GET", "/products?"+query.String(), nil), nil)
	if n := strings.Count(got, ":"); n != 16 || invalid != nil {
		t.Errorf("got %d members and %q, want 16 members", n, invalid)
	}
}

func TestPathAndHeader(t *testing.T) {
	type item struct {
		Name   string `json:"name"`
		Number int    `json:"number"`
		Region string `json:"region,omitzero" in:"header"`
		Depth  int    `json:"depth,omitzero" in:"header"`
	}
	p := plan[item](t, "GET", "/items/{number}/{name...}")
	for target, want := range map[string]string{
		"/items/7/a":            `{"name":"a","number":7}`,
		"/items/7/a/b%2Fc":      `{"name":"a/b/c","number":7}`,
		"/items/7/":             `{"name":"","number":7}`,
		"/items/x/%2e%2e":       `{"name":"..","number":"x"}`,
		"/items/..%2f/%00%22":   `{"name":"\u0000\"","number":"../"}`,
		"/items/%37/a%20b+c%25": `{"name":"a b+c%","number":7}`,
	} {
		got, invalid := bind(t, p, httptest.NewRequest("GET", target, nil), nil)
		if got != want || invalid != nil {
			t.Errorf("%s: got %s and %q, want %s", target, got, invalid, want)
		}
	}
	r := httptest.NewRequest("GET", "/items/7/a", nil)
	r.Header = http.Header{"Region": {"a, b"}, "Depth": {"3"}, "Other": {"x"}}
	if got, _ := bind(t, p, r, nil); got != `{"name":"a","number":7,"region":"a, b","depth":3}` {
		t.Errorf("headers: got %s", got)
	}
	r.Header["Region"] = []string{"a", "b"}
	if _, invalid := bind(t, p, r, nil); !reflect.DeepEqual(invalid, []string{"/region: is given 2 times, but takes one value"}) {
		t.Errorf("repeated header: got %q", invalid)
	}
}

// TestBody protects the splicing: the body's text stays as it is, and a member that belongs elsewhere is refused.
func TestBody(t *testing.T) {
	all := plan[everywhere](t, "PUT", "/products/{sku}")
	for body, want := range map[string]struct {
		arguments string
		invalid   []string
	}{
		"":                          {`{"sku":"S"}`, nil},
		"{}":                        {`{"sku":"S"}`, nil},
		" {\n} ":                    {" {\n" + `"sku":"S"}`, nil},
		`{"count": 1.50e0 }`:        {`{"count": 1.50e0 ,"sku":"S"}`, nil},
		`{"count":1,"count":2}`:     {`{"count":1,"count":2,"sku":"S"}`, nil},
		`{"x":{"sku":1}}`:           {`{"x":{"sku":1},"sku":"S"}`, nil},
		`{"x":["sku","}"]}`:         {`{"x":["sku","}"],"sku":"S"}`, nil},
		`{"x":"\"}"}`:               {`{"x":"\"}","sku":"S"}`, nil},
		`{"sku":"T"}`:               {`{"sku":"T"}`, []string{"/sku: belongs in the path, not in the body"}},
		`{"s\u006bu":"T"}`:          {`{"s\u006bu":"T"}`, []string{"/sku: belongs in the path, not in the body"}},
		`{"dry_run":true}`:          {`{"dry_run":true,"sku":"S"}`, []string{"/dry_run: belongs in the query, not in the body"}},
		`{"if_match":"a"}`:          {`{"if_match":"a","sku":"S"}`, []string{"/if_match: belongs in the header If-Match, not in the body"}},
		`{"dry_run":1,"dry_run":2}`: {`{"dry_run":1,"dry_run":2,"sku":"S"}`, []string{"/dry_run: belongs in the query, not in the body"}},
		// What is no object stands for the whole, as it came: the decoder says what is wrong with it.
		"null":           {"null", nil},
		"[]":             {"[]", nil},
		`"x"`:            {`"x"`, nil},
		" ":              {" ", nil},
		"{":              {"{", nil},
		`{"count":1`:     {`{"count":1`, nil},
		`{"count":1}}`:   {`{"count":1}}`, nil},
		`{"count":1} {}`: {`{"count":1} {}`, nil},
		`{"count":"1}`:   {`{"count":"1}`, nil},
		`{"count":[1}`:   {`{"count":[1}`, nil},
		"{]":             {"{]", nil},
		"\ufeff{}":       {"\ufeff{}", nil},
	} {
		t.Run(body, func(t *testing.T) {
			got, invalid := bind(t, all, httptest.NewRequest("PUT", "/products/S", nil), []byte(body))
			if got != want.arguments || !reflect.DeepEqual(invalid, want.invalid) {
				t.Errorf("got %s and %q, want %s and %q", got, invalid, want.arguments, want.invalid)
			}
		})
	}
}

func TestBodyWithQuery(t *testing.T) {
	p := plan[everywhere](t, "PUT", "/products/{sku}")
	r := httptest.NewRequest("PUT", "/products/S?dry_run=true&count=3&zz=1", nil)
	r.Header.Set("If-Match", "W/1")
	got, invalid := bind(t, p, r, []byte(`{"count":2}`))
	if want := `{"count":2,"sku":"S","if_match":"W/1","dry_run":true,"zz":"1"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if want := []string{"/count: belongs in the body, not in the query"}; !reflect.DeepEqual(invalid, want) {
		t.Errorf("got %q, want %q", invalid, want)
	}
}

// TestBodyAlone passes a body that holds all arguments byte for byte, whatever it is.
func TestBodyAlone(t *testing.T) {
	type stock struct {
		SKU string `json:"sku"`
	}
	p := plan[stock](t, "POST", "/stock")
	for _, body := range []string{`{"sku" : "a"} `, "nonsense", " "} {
		if got, invalid := bind(t, p, httptest.NewRequest("POST", "/stock", nil), []byte(body)); got != body || invalid != nil {
			t.Errorf("got %q and %q, want %q", got, invalid, body)
		}
	}
	if got, _ := bind(t, p, httptest.NewRequest("POST", "/stock", nil), nil); got != "{}" {
		t.Errorf("no body: got %q, want {}", got)
	}
}

func TestBodyWhereNoneIsTaken(t *testing.T) {
	got, invalid := bind(t, plan[listing](t, "GET", "/products"), httptest.NewRequest("GET", "/products?limit=1", nil), []byte(`{`))
	if want := []string{": a GET request has no body here: the path and the query carry the arguments"}; got != `{"limit":1}` || !reflect.DeepEqual(invalid, want) {
		t.Errorf("got %s and %q, want %q", got, invalid, want)
	}
}

// TestAppends keeps what dst holds already.
func TestAppends(t *testing.T) {
	r := httptest.NewRequest("GET", "/products?limit=1", nil)
	got, _ := plan[listing](t, "GET", "/products").Arguments([]byte("x"), r, nil)
	if string(got) != `x{"limit":1}` {
		t.Errorf("got %s", got)
	}
}

// FuzzQuery checks on any query that binding yields well-formed JSON, up to bytes that are not UTF-8.
func FuzzQuery(f *testing.F) {
	p := plan[listing](f, "GET", "/products")
	for _, seed := range []string{"limit=5&tag=a&tag=b", "a=%ff&%00=;", "price=-1.5e+3&in_stock=true&&=", "category=%22}&limit=1,2"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, query, header string) {
		r := httptest.NewRequest("GET", "/products", nil)
		r.URL.RawQuery = query
		r.Header["Region"] = []string{header}
		got, _ := p.Arguments(nil, r, nil)
		d := jsontext.NewDecoder(strings.NewReader(string(got)), jsontext.AllowInvalidUTF8(true))
		if value, err := d.ReadValue(); err != nil || value.Kind() != '{' || int(d.InputOffset()) != len(got) {
			t.Errorf("query %q: arguments %q are no object: %v", query, got, err)
		}
	})
}

// FuzzBody checks on any body that splicing neither mends broken JSON nor breaks sound JSON, and that the members are the
// body's and the path's.
func FuzzBody(f *testing.F) {
	p := plan[everywhere](f, "PUT", "/products/{sku}")
	for _, seed := range []string{"{}", `{"count":1}`, `{"a":"\"}","b":[{"sku":"x"}]}`, `{"a":[}`, `{"sku":1}`, `{"a":1}}`, "[]", `{"a":1,}`, `{,}`} {
		f.Add([]byte(seed), "S")
	}
	f.Fuzz(func(t *testing.T, body []byte, sku string) {
		r := httptest.NewRequest("PUT", "/products/x", nil)
		r.SetPathValue("sku", sku)
		got, invalid := p.Arguments(nil, r, body)
		sound := len(body) == 0 || isSound(body)
		quoted, err := jsontext.AppendQuote(nil, sku)
		if err != nil {
			return // not UTF-8; refused by the decoder
		}
		if isSound(got) != sound {
			t.Fatalf("body %q sound: %v, but arguments %q", body, sound, got)
		}
		if !sound || len(body) > 0 && jsontext.Value(body).Kind() != '{' {
			return
		}
		value, has := member(t, got, "sku")
		bodyHas := false
		if len(body) > 0 {
			_, bodyHas = member(t, body, "sku")
		}
		switch {
		case !has:
			t.Errorf("body %q: arguments %q lack the path's sku", body, got)
		case bodyHas && len(invalid) == 0:
			t.Errorf("body %q: its sku is not refused", body)
		case !bodyHas && !sameString(value, quoted):
			t.Errorf("body %q: sku is %s, want %s", body, value, quoted)
		}
	})
}

func isSound(doc []byte) bool { return jsontext.Value(doc).IsValid(jsontext.AllowDuplicateNames(true)) }

func sameString(a, b []byte) bool {
	x, _ := jsontext.AppendUnquote(nil, a)
	y, _ := jsontext.AppendUnquote(nil, b)
	return string(x) == string(y)
}

// member returns the first member of this name.
func member(t *testing.T, object []byte, name string) (jsontext.Value, bool) {
	t.Helper()
	d := jsontext.NewDecoder(strings.NewReader(string(object)), jsontext.AllowDuplicateNames(true))
	if _, err := d.ReadToken(); err != nil {
		t.Fatal(err)
	}
	for d.PeekKind() == '"' {
		token, err := d.ReadToken()
		if err != nil {
			t.Fatal(err)
		}
		found := token.String() == name
		value, err := d.ReadValue()
		if err != nil {
			t.Fatal(err)
		}
		if found {
			return value.Clone(), true
		}
	}
	return nil, false
}
