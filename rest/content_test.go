package rest_test

import (
	"context"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/rest"
)

// contentOf serves an operation that returns the blocks, under GET and HEAD.
func contentOf(t *testing.T, blocks tandem.Blocks, produces ...string) *client {
	t.Helper()
	svc := tandem.New("test", "1")
	tandem.Register(svc, tandem.Operation{Name: "show", Method: "GET", Produces: produces},
		func(context.Context, struct{}) (tandem.Blocks, error) { return blocks, nil })
	return serve(t, newHandler(t, svc, rest.Config{}))
}

// One block is answered by its bytes under its media type; what could run in a
// browser is not shown there, whatever it calls itself.
func TestOneBlock(t *testing.T) {
	for _, c := range []struct {
		block       tandem.Block
		media, body string
		attachment  bool
		location    string
	}{
		{tandem.Text{Text: "grün"}, "text/plain; charset=utf-8", "grün", false, ""},
		{tandem.Text{Text: "a,b", MIMEType: "text/csv"}, "text/csv; charset=utf-8", "a,b", false, ""},
		{tandem.Text{Text: "<p>", MIMEType: "Text/HTML"}, "text/html; charset=utf-8", "<p>", true, ""},
		{tandem.Text{Text: "x", MIMEType: "a\r\nSet-Cookie: x/y"}, "text/plain; charset=utf-8", "x", false, ""},
		{tandem.Image{Data: []byte("\x89PNG"), MIMEType: "image/png"}, "image/png", "\x89PNG", false, ""},
		{tandem.Image{Data: []byte("<svg/>"), MIMEType: "image/svg+xml"}, "image/svg+xml", "<svg/>", true, ""},
		{tandem.Image{Data: []byte("?")}, "application/octet-stream", "?", true, ""},
		{tandem.Audio{Data: []byte("RIFF"), MIMEType: "audio/wav"}, "audio/wav", "RIFF", false, ""},
		{tandem.Embedded{URI: "shop://a/b", MIMEType: "application/vnd.a+json", Text: "{}"}, "application/vnd.a+json", "{}", false, "shop://a/b"},
		{tandem.Embedded{URI: "a\nb", Data: []byte{0}}, "application/octet-stream", "\x00", true, ""},
		{tandem.Link{URI: "shop://a", Name: "a"}, "application/json", `{"type":"resource_link","uri":"shop://a","name":"a"}`, false, ""},
		{nil, "text/plain; charset=utf-8", "", false, ""},
	} {
		cl := contentOf(t, tandem.Blocks{c.block})
		got := cl.do("GET", "/api/v1/show", "")
		h := got.Header
		if got.StatusCode != 200 || h.Get("Content-Type") != c.media || got.body != c.body || h.Get("Content-Location") != c.location {
			t.Errorf("%+v: %d %v %q", c.block, got.StatusCode, h, got.body)
		}
		if (h.Get("Content-Disposition") == "attachment") != c.attachment {
			t.Errorf("%+v: Content-Disposition %q", c.block, h.Get("Content-Disposition"))
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%+v: a browser may run it: %v", c.block, h)
		}
		if head := cl.do("HEAD", "/api/v1/show", ""); head.body != "" || head.Header.Get("Content-Type") != c.media || head.ContentLength != int64(len(c.body)) {
			t.Errorf("%+v: HEAD %v, length %d", c.block, head.Header, head.ContentLength)
		}
	}
}

// Several blocks are the parts of a multipart/mixed body, in their order.
func TestSeveralBlocks(t *testing.T) {
	got := contentOf(t, tandem.Blocks{
		tandem.Text{Text: "one\r\n--x"}, tandem.Image{Data: []byte{0, 255}, MIMEType: "image/png"},
		tandem.Embedded{URI: "shop://a", Text: "<p>", MIMEType: "text/html"},
	}).do("GET", "/api/v1/show", "")
	media, params, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if err != nil || media != "multipart/mixed" || got.ContentLength != int64(len(got.body)) {
		t.Fatalf("%v %v, length %d", got.Header, err, got.ContentLength)
	}
	var parts []string
	reader := multipart.NewReader(strings.NewReader(got.body), params["boundary"])
	for {
		p, err := reader.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, strings.Join([]string{p.Header.Get("Content-Type"), p.Header.Get("Content-Disposition"), p.Header.Get("Content-Location"), string(body)}, "|"))
	}
	want := []string{"text/plain; charset=utf-8|||one\r\n--x", "image/png|||\x00\xff", "text/html; charset=utf-8|attachment|shop://a|<p>"}
	if diff := cmp.Diff(want, parts); diff != "" {
		t.Error(diff)
	}
}

// An operation that returns one block never answers with several.
func TestOneBlockAccept(t *testing.T) {
	svc := tandem.New("test", "1")
	tandem.Register(svc, tandem.Operation{Name: "show", Method: "GET", Produces: []string{"image/png"}},
		func(context.Context, struct{}) (tandem.Image, error) { return tandem.Image{MIMEType: "image/png"}, nil })
	tandem.Register(svc, tandem.Operation{Name: "any", Method: "GET", Produces: []string{}},
		func(context.Context, struct{}) (tandem.Image, error) { return tandem.Image{MIMEType: "image/png"}, nil })
	c := serve(t, newHandler(t, svc, rest.Config{}))
	for path, want := range map[string]int{"show": 406, "any": 200} {
		if got := c.do("GET", "/api/v1/"+path, "", "Accept: multipart/mixed"); got.StatusCode != want {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}

// No blocks are no content.
func TestNoBlocks(t *testing.T) {
	if got := contentOf(t, nil).do("GET", "/api/v1/show", ""); got.StatusCode != 204 || got.body != "" {
		t.Errorf("%d %q", got.StatusCode, got.body)
	}
}

// Who asks for events gets the blocks as agents do.
func TestContentEvents(t *testing.T) {
	got := contentOf(t, tandem.Blocks{tandem.Text{Text: "a"}, tandem.Text{Text: "b"}}).do("GET", "/api/v1/show", "", "Accept: text/event-stream")
	if want := "event: result\ndata: [{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]\n\n"; !strings.HasSuffix(got.body, want) {
		t.Errorf("got %q", got.body)
	}
}

// What an operation says it produces decides whether it has what a caller
// accepts, before it runs; if it says nothing, it may have anything.
func TestContentAccept(t *testing.T) {
	png := tandem.Blocks{tandem.Image{Data: []byte("\x89PNG"), MIMEType: "image/png"}}
	declared, open := contentOf(t, png, "image/png", "image/gif"), contentOf(t, png)
	for accept, want := range map[string][2]string{ // by the declared and by the open operation
		"image/png":                           {"image/png", "image/png"},
		"image/*":                             {"image/png", "image/png"},
		"image/webp":                          {"", "image/png"},
		"application/json":                    {"", "image/png"},
		"image/png;q=0":                       {"", ""},
		"image/gif, image/png;q=0":            {"image/png", "image/png"}, // which one comes, nobody knows before
		"multipart/mixed":                     {"image/png", "image/png"},
		"*/*":                                 {"image/png", "image/png"},
		"*/*;q=0":                             {"", ""},
		"":                                    {"image/png", "image/png"},
		"text/event-stream":                   {"text/event-stream", "text/event-stream"},
		"text/event-stream, */*":              {"text/event-stream", "text/event-stream"},
		"text/event-stream, image/png":        {"image/png", "image/png"},
		"text/event-stream;q=0.5, image/png":  {"image/png", "image/png"},
		"text/html, image/avif, */*;q=0.8":    {"image/png", "image/png"},
		"application/problem+json":            {"image/png", "image/png"},
		"application/problem+json, image/png": {"image/png", "image/png"},
	} {
		for i, c := range []*client{declared, open} {
			got := c.do("GET", "/api/v1/show", "", "Accept: "+accept)
			switch media := got.Header.Get("Content-Type"); {
			case want[i] == "" && got.StatusCode != 406:
				t.Errorf("%d, %s: %d", i, accept, got.StatusCode)
			case want[i] == "":
				got.problem(t)
			case got.StatusCode != 200 || media != want[i]:
				t.Errorf("%d, %s: %d %s, want %s", i, accept, got.StatusCode, media, want[i])
			}
		}
	}
}
