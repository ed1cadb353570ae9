// Command notes serves a notebook in memory. It shows what agents get beyond
// tools: resources, prompts, content, questions to the person and to the model.
package main

import (
	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/server"
)

func main() { server.Main(newService(newNotebook())) }

func newService(b *notebook) *tandem.Service {
	svc := tandem.New("notes", "1.0.0")
	svc.Info.Instructions = "Search before you read: find_notes returns ids, read_note takes one. purge_notes cannot be undone."
	svc.Tag("reading", "Find and read notes")
	svc.Tag("writing", "Change notes")
	registerTools(svc, b)
	registerResources(svc, b)
	registerPrompts(svc, b)
	return svc
}
