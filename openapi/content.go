package openapi

import (
	"strings"

	"github.com/tandem-go/tandem"
)

const multipartType = "multipart/mixed"

// contents describes an output that is content: each media type that the
// operation says it produces, any if it says nothing, and several blocks together.
func (b *builder) contents(op *tandem.Registered) object {
	kinds := op.Produces
	if len(kinds) == 0 {
		kinds = []string{"*/*"}
	}
	var content object
	for _, kind := range kinds {
		content.set(kind, object{{"schema", contentSchema(kind)}})
	}
	if !op.HasBlocks() {
		return content
	}
	content.set(multipartType, object{{"schema", object{
		{"type", "string"},
		{"description", "Several pieces of content, each a part with its media type (RFC 2046)."},
	}}})
	return content
}

// contentSchema describes text as a string, JSON as anything, and all else as
// bytes (OpenAPI 3.1, section "Considerations for File Uploads").
func contentSchema(kind string) object {
	media, _, _ := strings.Cut(kind, ";")
	switch {
	case strings.HasPrefix(media, "text/"):
		return object{{"type", "string"}}
	case media == "application/json", strings.HasSuffix(media, "+json"):
		return object{{"description", "JSON of any kind."}}
	case media == "*/*":
		media = "application/octet-stream"
	}
	return object{{"type", "string"}, {"contentMediaType", media}}
}
