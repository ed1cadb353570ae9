package openapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/tandem-go/tandem"
)

// operation describes one operation.
func (b *builder) operation(op *tandem.Registered) object {
	var o object
	o.set("operationId", op.Name)
	o.set("summary", summary(op))
	o.set("description", b.description(op))
	o.set("tags", tagsOf(op))
	o.flag("deprecated", op.Deprecated)
	if parameters := b.parameters(op); len(parameters) > 0 {
		o.set("parameters", parameters)
	}
	o.object("requestBody", b.requestBody(op))
	o.set("responses", b.answers(op))
	if len(op.Scopes) > 0 {
		if b.cfg.Security.needed() {
			o.set("security", b.cfg.Security.alternatives())
		}
		o.set("x-scopes", op.Scopes)
	}
	o.flag("x-tandem-policy", op.HasPolicy())
	if op.Doors.Has(tandem.MCP) {
		o.set("x-mcp-tool", op.Name)
		if b.cfg.DocsURL != "" {
			o.set("externalDocs", object{
				{"description", "The same as a tool for agents"},
				{"url", b.cfg.DocsURL + "#" + op.Name},
			})
		}
	}
	return o
}

func summary(op *tandem.Registered) string {
	switch {
	case op.Summary != "":
		return op.Summary
	case op.Title != "":
		return op.Title
	}
	return inWords(op.Name)
}

func (b *builder) description(op *tandem.Registered) string {
	text := op.Description
	if text == "" {
		text = summary(op)
	}
	switch len(op.Scopes) {
	case 0:
		return text
	case 1:
		return text + fmt.Sprintf("\n\nNeeds the scope `%s`.", op.Scopes[0])
	}
	return text + fmt.Sprintf("\n\nNeeds the scopes `%s`.", strings.Join(op.Scopes, "`, `"))
}

// answers lists the responses: success first, then the problems by status.
func (b *builder) answers(op *tandem.Registered) object {
	var all object
	if op.SuccessStatus() == http.StatusOK {
		all.set("200", b.success(op))
	} else {
		all.set(strconv.Itoa(op.SuccessStatus()), b.success(op))
		if op.Method != http.MethodHead {
			all.set("200", object{
				{"description", "The call's progress, then its result, for callers that prefer an event stream."},
				{"content", object{{eventStream, b.events(op)}}},
			})
		}
	}
	if op.HasBlocks() && op.SuccessStatus() == http.StatusOK {
		all.set("204", object{{"description", "Done; there is no content."}})
	}
	for _, p := range problemsOf(op, b.cfg.Security.needed()) {
		all.set(strconv.Itoa(p.status), object{{"$ref", "#/components/responses/" + b.responses.name(p)}})
	}
	return all
}

func (b *builder) success(op *tandem.Registered) object {
	o := object{{"description", outcome(op)}}
	var content object
	if op.HasOutput() && op.Method != http.MethodHead {
		media := object{}
		media.raw("schema", b.schemas.note(op.Output().Ref()))
		media.raw("example", op.Output().Example())
		content.set("application/json", media)
	}
	if op.HasContent() && op.Method != http.MethodHead {
		content = b.contents(op)
	}
	if op.SuccessStatus() == http.StatusOK && op.Method != http.MethodHead {
		content.set(eventStream, b.events(op))
	}
	o.object("content", content)
	return o
}

func outcome(op *tandem.Registered) string {
	if op.HasOutput() || op.HasContent() {
		return "The result of the operation."
	}
	return "Done; there is nothing to return."
}

const eventStream = "text/event-stream"

// events describes the event stream, in which progress comes before the result.
func (b *builder) events(op *tandem.Registered) object {
	result := []byte("null")
	switch {
	case op.HasContent():
		result = []byte(`[{"type":"text","text":"…"}]`)
	case op.HasOutput():
		result = op.Output().Example()
	}
	media := object{{"schema", object{
		{"type", "string"},
		{"description", "Server-sent events: any number of `progress`, then one `result` with the output or one `error` with a problem document."},
	}}}
	if len(result) > 0 {
		media.set("example", "event: progress\ndata: {\"progress\":1,\"total\":2}\n\nevent: result\ndata: "+string(result)+"\n\n")
	}
	return media
}
