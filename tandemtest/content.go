package tandemtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
)

// Content is one piece of an output that is content and not JSON.
type Content struct {
	// MIMEType is the media type; empty for text over MCP, which says none.
	MIMEType string
	// Data are the bytes, of a link its JSON.
	Data []byte
}

// wireContent is a content block of MCP.
type wireContent struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Data     []byte `json:"data"`
	MIMEType string `json:"mimeType"`
	Resource struct {
		MIMEType string `json:"mimeType"`
		Text     string `json:"text"`
		Blob     []byte `json:"blob"`
	} `json:"resource"`
}

// contentOf reads the content blocks of a tool result.
func contentOf(blocks []json.RawMessage) ([]Content, error) {
	var all []Content
	for _, block := range blocks {
		var w wireContent
		if err := json.Unmarshal(block, &w); err != nil {
			return nil, fmt.Errorf("a content block: %w: %s", err, block)
		}
		switch w.Type {
		case "text":
			all = append(all, Content{Data: []byte(w.Text)})
		case "image", "audio":
			all = append(all, Content{MIMEType: w.MIMEType, Data: w.Data})
		case "resource":
			all = append(all, Content{MIMEType: w.Resource.MIMEType, Data: append(w.Resource.Blob, w.Resource.Text...)})
		case "resource_link":
			all = append(all, Content{MIMEType: "application/json", Data: block})
		default:
			return nil, fmt.Errorf("a content block of type %q", w.Type)
		}
	}
	return all, nil
}

// contentIn reads the content in a REST response.
func contentIn(header http.Header, body []byte) ([]Content, error) {
	contentType := header.Get("Content-Type")
	media, params, err := mime.ParseMediaType(contentType)
	switch {
	case len(body) == 0 && contentType == "":
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("Content-Type %q: %w", contentType, err)
	case media != "multipart/mixed":
		return []Content{{MIMEType: contentType, Data: body}}, nil
	}
	var all []Content
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		all = append(all, Content{MIMEType: part.Header.Get("Content-Type"), Data: data})
	}
}

// differContent says in which way content differs; empty for none. What one of
// the transports does not know it carries as other text.
func differContent(want, got []Content, between [2]Transport) string {
	if len(want) != len(got) {
		return fmt.Sprintf("want %d pieces of content, got %d", len(want), len(got))
	}
	for i := range want {
		if unknownTo(between[0], got[i]) || unknownTo(between[1], want[i]) {
			continue
		}
		if a, b := mediaType(want[i]), mediaType(got[i]); a != "" && b != "" && a != b {
			return fmt.Sprintf("content %d: want %s, got %s", i, a, b)
		}
		if !bytes.Equal(want[i].Data, got[i].Data) {
			return fmt.Sprintf("content %d: want %q, got %q", i, want[i].Data, got[i].Data)
		}
	}
	return ""
}

func mediaType(c Content) string {
	media, _, _ := strings.Cut(c.MIMEType, ";")
	return media
}

func unknownTo(transport Transport, c Content) bool {
	switch {
	case transport == REST:
		return false
	case strings.HasPrefix(c.MIMEType, "audio/"):
		return transport.version() < "2025-03-26"
	case bytes.HasPrefix(c.Data, []byte(`{"type":"resource_link"`)):
		return transport.version() < "2025-06-18"
	}
	return false
}
