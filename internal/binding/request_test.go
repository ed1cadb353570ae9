package binding_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tandem-go/tandem/internal/binding"
)

type mixed struct {
	ID     string   `json:"id"`
	Part   int      `json:"part"`
	Rest   string   `json:"rest"`
	Region string   `json:"region,omitzero" in:"header"`
	Dry    bool     `json:"dry,omitzero" in:"query"`
	Price  float64  `json:"price,omitzero" in:"query"`
	Tags   []string `json:"tags,omitzero" in:"query"`
	Ranks  []int    `json:"ranks,omitzero" in:"query"`
	Note   string   `json:"note,omitzero"`
	Deep   struct {
		A []int `json:"a"`
	} `json:"deep,omitzero"`
}

func mixedPlan(t testing.TB) *binding.Plan {
	return plan[mixed](t, "PUT", "/things/{id}/{part}/{rest...}")
}

func TestRequest(t *testing.T) {
	request, err := mixedPlan(t).Request([]byte(
		`{"note":"n", "id":"a/b", "part":7, "rest":"..", "dry":true, "price":1.50, "tags":["x&y","z"], "region":"eu", "unknown": [ 1 ] }`))
	if err != nil {
		t.Fatal(err)
	}
	got, want := *request, binding.Request{
		Method: "PUT", Path: "/things/a%2Fb/7/%2E%2E", Query: "dry=true&price=1.50&tags=x%26y&tags=z",
	}
	if got.Method != want.Method || got.Path != want.Path || got.Query != want.Query || got.Header["Region"][0] != "eu" {
		t.Errorf("got %+v", got)
	}
	if body := string(got.Body); body != `{"note":"n","unknown":[ 1 ]}` {
		t.Errorf("body %s", body)
	}
}

// TestInexpressible lists what HTTP has no request for: the parity test must not count it as a difference of the doors.
func TestInexpressible(t *testing.T) {
	p := mixedPlan(t)
	for members, pointer := range map[string]string{
		`"region":null`:     "/region",
		`"region":" x"`:     "/region",
		`"region":"a\nb"`:   "/region",
		`"region":5`:        "/region",
		`"dry":"true"`:      "/dry",
		`"dry":null`:        "/dry",
		`"dry":[true]`:      "/dry",
		`"dry":{}`:          "/dry",
		`"price":"1"`:       "/price",
		`"tags":[]`:         "/tags",
		`"tags":"a"`:        "/tags",
		`"tags":[null]`:     "/tags",
		`"tags":[["a"]]`:    "/tags",
		`"tags":[1]`:        "/tags",
		`"tags":null`:       "/tags",
		`"ranks":["1"]`:     "/ranks",
		`"id":""`:           "/id",
		`"id":"/"`:          "/id",
		`"id":null`:         "/id",
		`"id":1`:            "/id",
		`"part":"7"`:        "/part",
		`"note":1,"note":2`: "",
		`"note":"\ud800"`:   "",
		`"note":1}{`:        "",
	} {
		all := map[string]string{"id": `"id":"i"`, "part": `"part":1`, "rest": `"rest":"r"`}
		delete(all, strings.TrimPrefix(pointer, "/"))
		for _, member := range all {
			members = member + "," + members
		}
		_, err := p.Request([]byte("{" + members + "}"))
		var inexpressible *binding.InexpressibleError
		if !errors.As(err, &inexpressible) || !errors.Is(err, binding.ErrInexpressible) || inexpressible.Pointer != pointer {
			t.Errorf("%s: got %v, want an InexpressibleError at %q", members, err, pointer)
		}
	}
	for _, missing := range []string{`{"part":1,"rest":""}`, `{}`, `[]`, `null`, ``} {
		if _, err := p.Request([]byte(missing)); !errors.Is(err, binding.ErrInexpressible) {
			t.Errorf("%s: got %v, want an InexpressibleError", missing, err)
		}
	}
}

// TestRequestVerdicts sends wrong arguments that HTTP can express: the decoder must find the wrong value just as it came.
func TestRequestVerdicts(t *testing.T) {
	p := plan[listing](t, "GET", "/products")
	for arguments, want := range map[string]string{
		`{"limit":"abc"}`:                `{"limit":"abc"}`,
		`{"limit":""}`:                   `{"limit":""}`,
		`{"limit":true}`:                 `{"limit":true}`, // refused as a boolean, as over MCP
		`{"in_stock":"yes"}`:             `{"in_stock":"yes"}`,
		`{"level":[1,"x"]}`:              `{"level":[1,"x"]}`,
		`{"unknown":"a"}`:                `{"unknown":"a"}`,
		`{"unknown":{"a":1}}`:            `{"unknown":"{\"a\":1}"}`,
		`{"unknown":null,"category":""}`: `{"unknown":"null","category":""}`,
	} {
		got, err := roundTrip(t, p, arguments)
		if err != nil || got != want {
			t.Errorf("%s: got %s (%v), want %s", arguments, got, err, want)
		}
	}
}

// TestRequestWhole passes what the body carries alone as it is, broken JSON too.
func TestRequestWhole(t *testing.T) {
	p := plan[struct {
		A int `json:"a"`
	}](t, "POST", "/a")
	for _, arguments := range []string{`{"a": 1}`, `[]`, `{"a":1,"a":2}`, `{`} {
		if got, err := roundTrip(t, p, arguments); err != nil || got != arguments {
			t.Errorf("got %s (%v), want %s", got, err, arguments)
		}
	}
}

// roundTrip sends arguments as a request and binds that.
func roundTrip(t testing.TB, p *binding.Plan, arguments string) (string, error) {
	t.Helper()
	request, err := p.Request([]byte(arguments))
	if err != nil {
		return "", err
	}
	sent, err := request.HTTP(t.Context(), "http://example.com")
	if err != nil {
		t.Fatalf("%s: %v", arguments, err)
	}
	r := httptest.NewRequest(sent.Method, sent.URL.RequestURI(), nil) // parsed anew, as a server does
	r.Header = sent.Header
	got, invalid := bind(t, p, r, request.Body)
	if invalid != nil {
		t.Errorf("%s: binding refuses %q", arguments, invalid)
	}
	return got, nil
}

// FuzzRoundTrip sends any arguments over REST: where a request can carry them, the same object must come out.
func FuzzRoundTrip(f *testing.F) {
	f.Add("a/b", "r", "eu", "t", "n", int64(7), 1.5, uint8(3))
	f.Add(".", "../x//", "", "a&b", "\x00\"\\", int64(-1<<63), 1e300, uint8(0))
	f.Add("%2F", "", "é", "+", ";", int64(9007199254740993), math.Copysign(0, -1), uint8(5))
	f.Fuzz(func(t *testing.T, id, rest, region, tag, note string, part int64, price float64, n uint8) {
		random := rand.New(rand.NewPCG(uint64(n), uint64(part)))
		object := map[string]any{"id": id, "part": part, "rest": rest}
		for name, value := range map[string]any{
			"region": region, "dry": n%2 == 0, "price": price, "note": note, "unknown " + note: []string{id},
			"tags": repeat(tag, int(n%4)), "ranks": []int64{part, int64(n)}, "deep": map[string]any{"a": []int64{part}},
		} {
			if random.IntN(2) == 0 {
				object[name] = value
			}
		}
		arguments, err := json.Marshal(object)
		if err != nil {
			return // NaN
		}
		got, err := roundTrip(t, mixedPlan(t), string(arguments))
		if errors.Is(err, binding.ErrInexpressible) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if canonical(t, got) != canonical(t, string(arguments)) {
			t.Errorf("sent %s, got %s", arguments, got)
		}
	})
}

func repeat(text string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = text + strings.Repeat("x", i)
	}
	return all
}

func canonical(t *testing.T, doc string) string {
	t.Helper()
	value := jsontext.Value(doc)
	if err := value.Canonicalize(jsontext.CanonicalizeRawInts(false)); err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return string(value)
}
