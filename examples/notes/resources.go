package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/tandem-go/tandem"
)

func registerResources(svc *tandem.Service, b *notebook) {
	tandem.Resource(svc, tandem.ResourceInfo{
		URI: "notes://index", Name: "index",
		Description: "All notes, one a line", MIMEType: "text/plain",
	}, b.index)
	tandem.ResourceTemplate(svc, tandem.ResourceInfo{
		URI: "notes://words/{word}", Name: "notes-by-word",
		Description: "The notes that contain a word",
	}, func(ctx context.Context, in byWord) (foundNotes, error) {
		return b.find(ctx, findNotes{Words: in.Word, Limit: 100})
	})
	b.changed = func(id string) {
		svc.ResourceUpdated("notes://all/" + id)
		svc.ResourceUpdated("notes://index")
	}
}

type byWord struct {
	Word string `json:"word" doc:"The word" minLength:"1"`
}

func (b *notebook) index(context.Context) (tandem.Text, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var index strings.Builder
	for _, n := range b.notes {
		fmt.Fprintf(&index, "%s: %s\n", n.ID, n.Text)
	}
	return tandem.Text{Text: index.String()}, nil
}

func registerPrompts(svc *tandem.Service, b *notebook) {
	tandem.Prompt(svc, tandem.PromptInfo{
		Name: "rewrite_note", Title: "Rewrite a note",
		Description: "Begins a conversation about a note that is to be said otherwise.",
		Complete:    map[string]tandem.Completer{"id": b.ids},
	}, func(ctx context.Context, in rewrite) ([]tandem.Message, error) {
		note, err := b.read(ctx, noteID{ID: in.ID})
		if err != nil {
			return nil, err
		}
		return []tandem.Message{
			{Role: tandem.User, Content: tandem.Embedded{URI: "notes://all/" + note.ID, MIMEType: "text/plain", Text: note.Text}},
			tandem.User.Says("Say this note in a %s way, then write it back with write_note.", in.Tone),
		}, nil
	})
}

type rewrite struct {
	ID   string `json:"id" doc:"The note's id"`
	Tone string `json:"tone,omitzero" doc:"How it is to sound" enum:"friendly,formal,short" default:"short"`
}
