package rest

import (
	"bytes"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/tandem-go/tandem"
)

const (
	multipartType = "multipart/mixed"
	plainText     = "text/plain; charset=utf-8"
	unknownBytes  = "application/octet-stream"
	// contentPolicy keeps a browser that shows content from running any of it.
	contentPolicy = "default-src 'none'; sandbox"
)

// writeContent answers with blocks: one by its bytes, several as multipart/mixed.
func writeContent(w http.ResponseWriter, status int, blocks tandem.Blocks) {
	switch len(blocks) {
	case 0:
		if status == http.StatusOK {
			status = http.StatusNoContent
		}
		w.WriteHeader(status)
	case 1:
		p := partOf(blocks[0])
		p.describe(w.Header().Set)
		w.Header().Set("Content-Security-Policy", contentPolicy)
		writeBody(w, status, p.body)
	default:
		body, contentType := mixed(blocks)
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Security-Policy", contentPolicy)
		writeBody(w, status, body)
	}
}

// mixed returns the blocks as one multipart/mixed body (RFC 2046 section 5.1.3).
func mixed(blocks tandem.Blocks) (body []byte, contentType string) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, block := range blocks {
		p := partOf(block)
		header := textproto.MIMEHeader{}
		p.describe(header.Set)
		part, err := m.CreatePart(header)
		if err == nil {
			_, err = part.Write(p.body)
		}
		if err != nil { // not reachable: a bytes.Buffer takes everything
			panic("rest: encode content: " + err.Error())
		}
	}
	_ = m.Close() // likewise
	return b.Bytes(), mime.FormatMediaType(multipartType, map[string]string{"boundary": m.Boundary()})
}

// blocksJSON returns the list of blocks as agents get it.
func blocksJSON(blocks tandem.Blocks) []byte {
	doc := []byte{'['}
	for i, b := range blocks {
		if i > 0 {
			doc = append(doc, ',')
		}
		doc = append(doc, tandem.BlockJSON(b)...)
	}
	return append(doc, ']')
}

// part is a block as HTTP carries it.
type part struct {
	media string
	uri   string // of an embedded resource
	body  []byte
}

func partOf(b tandem.Block) part {
	switch b := b.(type) {
	case tandem.Text:
		return part{media: mediaOf(b.MIMEType, plainText), body: []byte(b.Text)}
	case tandem.Image:
		return part{media: mediaOf(b.MIMEType, unknownBytes), body: b.Data}
	case tandem.Audio:
		return part{media: mediaOf(b.MIMEType, unknownBytes), body: b.Data}
	case tandem.Embedded:
		if b.Data != nil {
			return part{media: mediaOf(b.MIMEType, unknownBytes), uri: b.URI, body: b.Data}
		}
		return part{media: mediaOf(b.MIMEType, plainText), uri: b.URI, body: []byte(b.Text)}
	case tandem.Link:
		return part{media: "application/json", body: tandem.BlockJSON(b)}
	}
	return part{media: plainText} // a nil block is empty text
}

// mediaOf returns a media type fit for a header. Text is UTF-8 unless it says
// otherwise.
func mediaOf(declared, otherwise string) string {
	media, params, err := mime.ParseMediaType(declared)
	if err != nil || !strings.Contains(media, "/") {
		return otherwise
	}
	if _, ok := params["charset"]; !ok && strings.HasPrefix(media, "text/") {
		params["charset"] = "utf-8"
	}
	if formatted := mime.FormatMediaType(media, params); formatted != "" {
		return formatted
	}
	return otherwise
}

// describe sets the headers of the part.
func (p part) describe(set func(name, value string)) {
	set("Content-Type", p.media)
	if !isHarmless(p.media) {
		set("Content-Disposition", "attachment")
	}
	if u, err := url.Parse(p.uri); err == nil && p.uri != "" {
		set("Content-Location", u.String())
	}
}

// isHarmless reports whether a browser may show the media type in the service's
// own origin: others can hold scripts, or nobody knows.
func isHarmless(media string) bool {
	media, _, _ = strings.Cut(media, ";")
	switch media {
	case "text/plain", "text/csv", "text/markdown", "application/json":
		return true
	}
	kind, sub, _ := strings.Cut(media, "/")
	switch kind {
	case "image", "audio", "video":
		return !strings.HasSuffix(sub, "xml")
	case "application":
		return strings.HasSuffix(sub, "+json")
	}
	return false
}
