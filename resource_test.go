package tandem_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
)

type shelfVars struct {
	Shelf int    `json:"shelf" minimum:"1" maximum:"9"`
	Lang  string `json:"lang" enum:"de,en,el"`
}

func newLibrary(t *testing.T) *tandem.Service {
	t.Helper()
	svc := tandem.New("library", "1")
	tandem.Resource(svc, tandem.ResourceInfo{URI: "lib://rules", Name: "rules"}, func(context.Context) (tandem.Text, error) {
		return tandem.Text{Text: "Be quiet."}, nil
	})
	tandem.Resource(svc, tandem.ResourceInfo{URI: "lib://logo", Name: "logo", MIMEType: "image/png", Scopes: []string{"look"}}, func(context.Context) (tandem.Image, error) {
		return tandem.Image{Data: []byte{1, 2}}, nil
	})
	tandem.ResourceTemplate(svc, tandem.ResourceInfo{URI: "lib://shelves/{shelf}/{lang}", Name: "shelf"}, func(_ context.Context, v shelfVars) (shelfVars, error) {
		if v.Shelf == 9 {
			return v, tandem.Errorf(tandem.NotFound, "no shelf 9")
		}
		return v, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "get_book", Method: "GET", Path: "/books/{name}", Resource: "lib://books/{name}"}, greet)
	return svc
}

// A URI is read by its resource, with variables typed and validated as arguments.
func TestReadResource(t *testing.T) {
	svc := newLibrary(t)
	for uri, want := range map[string]tandem.Contents{
		"lib://rules":        {{URI: "lib://rules", MIMEType: "text/plain", Text: "Be quiet."}},
		"lib://shelves/3/de": {{URI: "lib://shelves/3/de", MIMEType: "application/json", Text: `{"shelf":3,"lang":"de"}`}},
		"lib://books/A%20b":  {{URI: "lib://books/A%20b", MIMEType: "application/json", Text: `{"text":"Hello A b!"}`}},
	} {
		got, err := svc.ReadResource(t.Context(), uri, tandem.Call{})
		if err != nil {
			t.Errorf("%s: %v", uri, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", uri, diff)
		}
	}
	for uri, want := range map[string]tandem.Code{
		"lib://nothing":       tandem.NotFound,
		"lib://shelves/9/de":  tandem.NotFound,
		"lib://shelves/0/de":  tandem.InvalidArgument,
		"lib://shelves/x/fr":  tandem.InvalidArgument,
		"lib://logo":          tandem.Unauthenticated,
		"lib://shelves/3/de/": tandem.NotFound,
	} {
		if _, err := svc.ReadResource(t.Context(), uri, tandem.Call{}); tandem.CodeOf(err) != want {
			t.Errorf("%s: got %v, want %s", uri, err, want)
		}
	}
	ctx := tandem.WithPrincipal(t.Context(), &tandem.Principal{Subject: "a", Scopes: []string{"look"}})
	got, err := svc.ReadResource(ctx, "lib://logo", tandem.Call{})
	if err != nil || len(got) != 1 || string(got[0].Data) != "\x01\x02" || got[0].MIMEType != "image/png" {
		t.Errorf("logo: %+v, %v", got, err)
	}
}

// A completion passes the scopes and interceptors of what it completes, and its
// panics and causes stay inside.
func TestCompletionIsIntercepted(t *testing.T) {
	svc := newLibrary(t)
	var seen []string
	svc.Use(func(next tandem.Invoker) tandem.Invoker {
		return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
			seen = append(seen, call.Operation.Name+" "+call.Completing)
			return next(ctx, call)
		}
	})
	prompt := tandem.Prompt(svc, tandem.PromptInfo{Name: "welcome", Scopes: []string{"greet"}, Complete: map[string]tandem.Completer{
		"name": func(context.Context, string, map[string]string) ([]string, error) { panic("secret") },
	}}, welcome)
	if _, err := prompt.CompleteArgument(t.Context(), "name", "", nil); tandem.CodeOf(err) != tandem.Unauthenticated || seen != nil {
		t.Errorf("without the scope: %v, seen %q", err, seen)
	}
	ctx := tandem.WithPrincipal(t.Context(), &tandem.Principal{Subject: "a", Scopes: []string{"greet"}})
	if _, err := prompt.CompleteArgument(ctx, "name", "", nil); tandem.CodeOf(err) != tandem.Internal || strings.Contains(err.Error(), "secret") {
		t.Errorf("a panic: %v", err)
	}
	if _, err := svc.FindResource("lib://shelves/3/de").CompleteArgument(ctx, "lang", "d", nil); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"welcome name", "shelf lang"}, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Values of an enum are completed by themselves, others by a function.
func TestComplete(t *testing.T) {
	svc := newLibrary(t)
	shelf := svc.FindResource("lib://shelves/3/de")
	got, err := shelf.CompleteArgument(t.Context(), "lang", "E", nil)
	if diff := cmp.Diff(tandem.Completion{Values: []string{"en", "el"}, Total: 2}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	prompt := tandem.Prompt(svc, tandem.PromptInfo{
		Name: "welcome",
		Complete: map[string]tandem.Completer{"name": func(_ context.Context, value string, _ map[string]string) ([]string, error) {
			return strings.Split(strings.Repeat(value+"x ", 150), " ")[:150], nil
		}},
	}, welcome)
	got, err = prompt.CompleteArgument(t.Context(), "name", "A", nil)
	if err != nil || len(got.Values) != 100 || got.Total != 150 || !got.HasMore {
		t.Errorf("%d of %d, %v, %v", len(got.Values), got.Total, got.HasMore, err)
	}
}

func welcome(_ context.Context, in greetIn) ([]tandem.Message, error) {
	return []tandem.Message{tandem.User.Says("Welcome %s %d times", in.Name, in.Times)}, nil
}

// A prompt's arguments come as text and are validated as what they are.
func TestPrompt(t *testing.T) {
	svc := tandem.New("p", "1")
	p := tandem.Prompt(svc, tandem.PromptInfo{Name: "welcome"}, welcome)
	want := []tandem.PromptArgument{{Name: "name", Description: "Who is greeted", Required: true}, {Name: "times"}}
	if diff := cmp.Diff(want, p.Arguments()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	messages, err := p.Get(t.Context(), map[string]string{"name": "Ada", "times": "2"}, tandem.Call{})
	if err != nil || len(messages) != 1 || string(messages[0].JSON()) != `{"role":"user","content":{"type":"text","text":"Welcome Ada 2 times"}}` {
		t.Errorf("got %+v, %v", messages, err)
	}
	if _, err := p.Get(t.Context(), map[string]string{"name": "Ada", "times": "many"}, tandem.Call{}); tandem.CodeOf(err) != tandem.InvalidArgument {
		t.Errorf("got %v", err)
	}
}

// Whoever listens hears what changes, and nothing after it stopped.
func TestChanges(t *testing.T) {
	svc := newLibrary(t)
	var heard []tandem.Change
	stop := svc.OnChange(func(c tandem.Change) { heard = append(heard, c) })
	tandem.Prompt(svc, tandem.PromptInfo{Name: "welcome"}, welcome)
	svc.ResourceUpdated("lib://rules")
	svc.RemoveOperation("get_book")
	svc.RemoveResource("lib://rules")
	svc.RemovePrompt("welcome")
	stop()
	svc.ResourceUpdated("lib://logo")
	want := []tandem.Change{{Prompts: true}, {Updated: "lib://rules"}, {Tools: true, Resources: true}, {Resources: true}, {Prompts: true}}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(svc.Operations()) != 0 || len(svc.Resources()) != 2 || len(svc.Prompts()) != 0 {
		t.Errorf("left: %d operations, %d resources, %d prompts", len(svc.Operations()), len(svc.Resources()), len(svc.Prompts()))
	}
	tandem.Register(svc, tandem.Operation{Name: "get_book", Method: "GET", Path: "/books/{name}"}, greet) // name and route are free
}

// An output that is content comes as blocks.
func TestContent(t *testing.T) {
	svc := tandem.New("c", "1")
	op := tandem.Register(svc, tandem.Operation{Name: "chart"}, func(context.Context, none) (tandem.Blocks, error) {
		return tandem.Blocks{tandem.Text{Text: "a chart"}, tandem.Image{MIMEType: "image/png"}}, nil
	})
	result, err := svc.Invoke(t.Context(), "chart", []byte("{}"))
	if err != nil || len(result.Blocks) != 2 || result.JSON != nil || op.HasOutput() || op.SuccessStatus() != 200 {
		t.Errorf("got %+v, %v", result, err)
	}
	if got := string(tandem.BlockJSON(result.Blocks[1])); got != `{"type":"image","data":"","mimeType":"image/png"}` {
		t.Errorf("got %s", got)
	}
}

// An operation whose output is content reads as that content, under its own media
// type; what exists has contents even if they are empty.
func TestContentOperationAsResource(t *testing.T) {
	svc := tandem.New("x", "1")
	type in struct {
		Kind string `json:"kind"`
	}
	tandem.Register(svc, tandem.Operation{Name: "show", Method: "GET", Path: "/show/{kind}", Resource: "x://show/{kind}"}, func(_ context.Context, in in) (tandem.Blocks, error) {
		if in.Kind == "none" {
			return nil, nil
		}
		return tandem.Blocks{tandem.Text{Text: "t"}, tandem.Image{Data: []byte{1}, MIMEType: "image/png"}}, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "page", Method: "GET", Path: "/page", Resource: "x://page", Produces: []string{"text/html"}}, func(context.Context, struct{}) (tandem.Text, error) {
		return tandem.Text{Text: "<p>"}, nil
	})
	for uri, want := range map[string]tandem.Contents{
		"x://show/all":  {{URI: "x://show/all", MIMEType: "text/plain", Text: "t"}, {URI: "x://show/all", MIMEType: "image/png", Data: []byte{1}}},
		"x://show/none": {{URI: "x://show/none", MIMEType: "text/plain"}},
		"x://page":      {{URI: "x://page", MIMEType: "text/html", Text: "<p>"}},
	} {
		got, err := svc.ReadResource(t.Context(), uri, tandem.Call{})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", uri, err, diff)
		}
	}
}

// Pointers to blocks are content like the blocks: none is lost, nor taken for
// another kind.
func TestContentByPointer(t *testing.T) {
	svc := tandem.New("x", "1")
	tandem.Register(svc, tandem.Operation{Name: "one"}, func(context.Context, none) (*tandem.Image, error) {
		return &tandem.Image{Data: []byte{1}, MIMEType: "image/png"}, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "nil"}, func(context.Context, none) (*tandem.Image, error) { return nil, nil })
	tandem.Register(svc, tandem.Operation{Name: "several"}, func(context.Context, none) (tandem.Blocks, error) {
		return tandem.Blocks{&tandem.Text{Text: "t"}, (*tandem.Link)(nil)}, nil
	})
	for name, want := range map[string]tandem.Blocks{
		"one":     {tandem.Image{Data: []byte{1}, MIMEType: "image/png"}},
		"nil":     nil,
		"several": {tandem.Text{Text: "t"}, nil},
	} {
		result, err := svc.Invoke(t.Context(), name, []byte("{}"))
		if diff := cmp.Diff(want, result.Blocks); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	if got := string(tandem.Message{Role: tandem.User, Content: &tandem.Text{Text: "hi"}}.JSON()); got != `{"role":"user","content":{"type":"text","text":"hi"}}` {
		t.Errorf("got %s", got)
	}
}

// A URI that would take long to compare with a template is not compared.
func TestLongURIs(t *testing.T) {
	svc := tandem.New("x", "1")
	type in struct {
		ID string `json:"id"`
	}
	tandem.ResourceTemplate(svc, tandem.ResourceInfo{URI: "x://{id}", Name: "x"}, func(_ context.Context, in in) (tandem.Text, error) {
		return tandem.Text{Text: in.ID}, nil
	})
	if _, err := svc.ReadResource(t.Context(), "x://"+strings.Repeat("a", 2000), tandem.Call{}); err != nil {
		t.Errorf("a URI of some length: %v", err)
	}
	if svc.FindResource("x://"+strings.Repeat("a", 4<<20)) != nil {
		t.Error("a URI of 4 MiB was taken")
	}
}

// What is wrong with several arguments of a prompt comes in one order.
func TestPromptErrorsHaveAnOrder(t *testing.T) {
	svc := tandem.New("x", "1")
	p := tandem.Prompt(svc, tandem.PromptInfo{Name: "p"}, func(context.Context, struct{}) ([]tandem.Message, error) { return nil, nil })
	first := ""
	for range 20 {
		_, err := p.Get(t.Context(), map[string]string{"a": "", "b": "", "c": "", "d": ""}, tandem.Call{})
		var e *tandem.Error
		if !errors.As(err, &e) || len(e.Fields) != 4 {
			t.Fatal(err)
		}
		if first == "" {
			first = string(e.Problem().JSON())
		}
		if got := string(e.Problem().JSON()); got != first {
			t.Fatalf("%s, then %s", first, got)
		}
	}
}
