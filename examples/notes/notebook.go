package main

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/tandem-go/tandem"
)

// Note is one note.
type Note struct {
	ID   string `json:"id" doc:"The note's id" example:"n1"`
	Text string `json:"text" doc:"What it says" example:"Buy milk"`
}

// notebook holds the notes.
type notebook struct {
	mu      sync.Mutex
	notes   []Note
	changed func(id string) // told of each note that was written; nil for nobody
}

func newNotebook() *notebook {
	return &notebook{notes: []Note{{"n1", "Buy milk"}, {"n2", "Call Ada about the engine"}, {"n3", "Milk the metaphor"}}}
}

type findNotes struct {
	Words  string `json:"words" doc:"Words that the notes contain, in any case" minLength:"1" example:"milk"`
	Limit  int    `json:"limit,omitzero" doc:"How many notes to return at most" minimum:"1" maximum:"100" default:"10"`
	Region string `json:"region,omitzero" doc:"Which region's notebook to search" enum:"eu,us" mcpHeader:"Region"`
}

type foundNotes struct {
	Notes []Note `json:"notes" doc:"The notes, oldest first"`
	More  bool   `json:"more" doc:"Whether there are more than were returned"`
}

func (b *notebook) find(_ context.Context, in findNotes) (foundNotes, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := foundNotes{Notes: []Note{}}
	for _, n := range b.notes {
		if !strings.Contains(strings.ToLower(n.Text), strings.ToLower(in.Words)) {
			continue
		}
		if found.More = len(found.Notes) == in.Limit; found.More {
			break
		}
		found.Notes = append(found.Notes, n)
	}
	return found, nil
}

type noteID struct {
	ID string `json:"id" doc:"The note's id, as find_notes returns it" pattern:"^n[0-9]+$" example:"n1"`
}

func (b *notebook) read(_ context.Context, in noteID) (Note, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.notes, func(n Note) bool { return n.ID == in.ID })
	if i < 0 {
		return Note{}, tandem.Errorf(tandem.NotFound, "no note %q; find_notes returns the ids that there are", in.ID)
	}
	return b.notes[i], nil
}

func (b *notebook) write(_ context.Context, n Note) (Note, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notes = append(slices.DeleteFunc(b.notes, func(old Note) bool { return old.ID == n.ID }), n)
	if b.changed != nil {
		b.changed(n.ID)
	}
	return n, nil
}

// ids returns the ids that begin with prefix.
func (b *notebook) ids(_ context.Context, prefix string, _ map[string]string) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ids := []string{}
	for _, n := range b.notes {
		if strings.HasPrefix(n.ID, prefix) {
			ids = append(ids, n.ID)
		}
	}
	return ids, nil
}

func (b *notebook) purge() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.notes)
	b.notes = nil
	return n
}
