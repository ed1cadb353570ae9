package main

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"log/slog"

	"github.com/tandem-go/tandem"
)

func registerTools(svc *tandem.Service, b *notebook) {
	tandem.Register(svc, tandem.Operation{
		Name:        "find_notes",
		Summary:     "Find notes by words",
		Description: "Returns the notes that contain the words, oldest first. Use it before read_note, which needs an id.",
		Method:      "GET", Path: "/notes",
		Tags: []string{"reading"},
	}, b.find)
	tandem.Register(svc, tandem.Operation{
		Name: "read_note", Summary: "Read one note",
		Method: "GET", Path: "/notes/{id}",
		Tags:     []string{"reading"},
		Resource: "notes://all/{id}",
	}, b.read)
	tandem.Register(svc, tandem.Operation{
		Name: "write_note", Summary: "Write a note, over the one of that id if there is one",
		Method: "PUT", Path: "/notes/{id}",
		Tags: []string{"writing"},
	}, b.write)
	tandem.Register(svc, tandem.Operation{
		Name: "draw_note", Summary: "Draw how long a note is",
		Method: "GET", Path: "/notes/{id}/drawing",
		Tags:     []string{"reading"},
		Produces: []string{"image/png"},
	}, b.draw)
	tandem.Register(svc, tandem.Operation{
		Name: "purge_notes", Summary: "Delete all notes, after a person has confirmed it",
		Tags: []string{"writing"}, Destructive: true, Asks: true,
	}, b.purgeAsked)
	tandem.Register(svc, tandem.Operation{
		Name: "summarize_notes", Summary: "Have the caller's model summarize the notes",
		Tags: []string{"reading"}, ReadOnly: true, Doors: tandem.MCP,
	}, b.summarize)
}

func (b *notebook) draw(ctx context.Context, in noteID) (tandem.Image, error) {
	note, err := b.read(ctx, in)
	if err != nil {
		return tandem.Image{}, err
	}
	bar := image.NewGray(image.Rect(0, 0, len(note.Text)+1, 8))
	for i := range bar.Pix {
		bar.Pix[i] = 0xff // white
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, bar); err != nil {
		return tandem.Image{}, err
	}
	return tandem.Image{Data: picture.Bytes(), MIMEType: "image/png"}, nil
}

type purgeForm struct {
	Sure   bool   `json:"sure" title:"Delete all notes" doc:"Whether all notes are to be deleted"`
	Reason string `json:"reason,omitzero" doc:"Why" enum:"tidying,leaving,other" default:"tidying"`
}

type purged struct {
	Deleted int `json:"deleted" doc:"How many notes were deleted"`
}

func (b *notebook) purgeAsked(ctx context.Context, _ struct{}) (purged, error) {
	var form purgeForm
	err := tandem.Ask(ctx, tandem.Form("Delete all notes?", &form))
	switch {
	case errors.Is(err, tandem.ErrDeclined), err == nil && !form.Sure:
		return purged{}, nil // nothing was deleted, which is what the person wanted
	case err != nil:
		return purged{}, err
	}
	tandem.Log(ctx, slog.LevelWarn, "deleting all notes", "reason", form.Reason)
	return purged{b.purge()}, nil
}

type summary struct {
	Text string `json:"text" doc:"The summary"`
}

func (b *notebook) summarize(ctx context.Context, _ struct{}) (summary, error) {
	found, err := b.find(ctx, findNotes{Limit: 100})
	if err != nil {
		return summary{}, err
	}
	request := tandem.SampleRequest{MaxTokens: 200, SystemPrompt: "Summarize in one sentence."}
	for i, n := range found.Notes {
		tandem.Progress(ctx, float64(i+1), float64(len(found.Notes)), "reading "+n.ID)
		request.Messages = append(request.Messages, tandem.User.Says("%s", n.Text))
	}
	var said tandem.SampleResult
	if err := tandem.Ask(ctx, tandem.Sampling(request, &said)); err != nil {
		return summary{}, err
	}
	var s summary
	for _, block := range said.Content {
		if text, ok := block.(tandem.Text); ok {
			s.Text += text.Text
		}
	}
	return s, nil
}
