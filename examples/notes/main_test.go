package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/tandem-go/tandem"
)

// Notes are deleted only after somebody has confirmed it.
func TestPurgeAsks(t *testing.T) {
	for answer, want := range map[string]string{
		`{"action":"accept","content":{"sure":true}}`:  `{"deleted":3}`,
		`{"action":"accept","content":{"sure":false}}`: `{"deleted":0}`,
		`{"action":"decline"}`:                         `{"deleted":0}`,
	} {
		op, _ := newService(newNotebook()).Operation("purge_notes")
		call := &tandem.Call{Operation: op, Arguments: []byte("{}")}
		resume := tandem.Resume{CanAsk: func(tandem.Question) bool { return true }}
		_, err := op.InvokeResumable(t.Context(), call, resume)
		var p *tandem.Pending
		if !errors.As(err, &p) {
			t.Fatalf("got %v", err)
		}
		resume.State, resume.Answers = p.State, map[string]json.RawMessage{p.Questions[0].ID: json.RawMessage(answer)}
		result, err := op.InvokeResumable(t.Context(), call, resume)
		if err != nil || string(result.JSON) != want {
			t.Errorf("%s: got %s, %v; want %s", answer, result.JSON, err, want)
		}
	}
}

// A note that is written is told to those who subscribed to it and to the index.
func TestChangesAreTold(t *testing.T) {
	svc := newService(newNotebook())
	var updated []string
	defer svc.OnChange(func(c tandem.Change) { updated = append(updated, c.Updated) })()
	if _, err := svc.Invoke(context.Background(), "write_note", []byte(`{"id":"n1","text":"Buy bread"}`)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"notes://all/n1", "notes://index"}; !slices.Equal(updated, want) {
		t.Errorf("told %v, not %v", updated, want)
	}
	contents, err := svc.ReadResource(t.Context(), "notes://all/n1", tandem.Call{})
	if err != nil || contents[0].Text != `{"id":"n1","text":"Buy bread"}` {
		t.Errorf("got %+v, %v", contents, err)
	}
}
