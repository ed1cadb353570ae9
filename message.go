package tandem

import (
	"encoding/json"
	"fmt"
)

// Role is who says a message.
type Role string

// The roles of MCP.
const (
	User      Role = "user"
	Assistant Role = "assistant"
)

// Message is one message of a conversation with a model.
type Message struct {
	Role    Role
	Content Block
}

// Says returns a message of plain text.
func (r Role) Says(format string, args ...any) Message {
	return Message{Role: r, Content: Text{Text: fmt.Sprintf(format, args...)}}
}

// JSON returns the message as MCP writes it.
func (m Message) JSON() []byte {
	return marshal(struct {
		Role    Role            `json:"role"`
		Content json.RawMessage `json:"content"`
	}{m.Role, BlockJSON(m.Content)})
}

// wireBlock is a content block as MCP writes it.
type wireBlock struct {
	Type        string        `json:"type"`
	Text        *string       `json:"text,omitempty"`
	Data        *[]byte       `json:"data,omitempty"`
	MIMEType    string        `json:"mimeType,omitempty"`
	URI         string        `json:"uri,omitempty"`
	Name        string        `json:"name,omitempty"`
	Title       string        `json:"title,omitempty"`
	Description string        `json:"description,omitempty"`
	Resource    *wireContents `json:"resource,omitempty"`
}

// wireContents is ResourceContents as MCP writes it.
type wireContents struct {
	URI      string  `json:"uri"`
	MIMEType string  `json:"mimeType,omitempty"`
	Text     *string `json:"text,omitempty"`
	Blob     *[]byte `json:"blob,omitempty"`
}

// BlockJSON returns the block as MCP writes it, 2025-11-25, section "Tool
// Result". A nil block is empty text.
func BlockJSON(b Block) []byte {
	switch b := value(b).(type) {
	case Text:
		return marshal(wireBlock{Type: "text", Text: &b.Text})
	case Image:
		return marshal(wireBlock{Type: "image", Data: dataOf(b.Data), MIMEType: b.MIMEType})
	case Audio:
		return marshal(wireBlock{Type: "audio", Data: dataOf(b.Data), MIMEType: b.MIMEType})
	case Link:
		return marshal(wireBlock{Type: "resource_link", URI: b.URI, Name: b.Name, Title: b.Title, Description: b.Description, MIMEType: b.MIMEType})
	case Embedded:
		contents := b.wire()
		return marshal(wireBlock{Type: "resource", Resource: &contents})
	}
	return []byte(`{"type":"text","text":""}`)
}

// dataOf returns data to be written even if there is none: it is required.
func dataOf(data []byte) *[]byte {
	if data == nil {
		data = []byte{}
	}
	return &data
}

func (e Embedded) wire() wireContents {
	c := wireContents{URI: e.URI, MIMEType: e.MIMEType}
	if e.Data != nil {
		c.Blob = &e.Data
	} else {
		c.Text = &e.Text
	}
	return c
}

// ContentsJSON returns the resource's contents as MCP writes them.
func (e Embedded) ContentsJSON() []byte { return marshal(e.wire()) }

// marshal encodes what is made of strings and bytes, which cannot fail.
func marshal(v any) []byte {
	doc, err := json.Marshal(v)
	if err != nil {
		panic("tandem: encode content: " + err.Error())
	}
	return doc
}

// parseBlocks reads one content block or an array of them.
func parseBlocks(doc json.RawMessage) (Blocks, error) {
	var many []wireBlock
	if len(doc) > 0 && doc[0] == '[' {
		if err := json.Unmarshal(doc, &many); err != nil {
			return nil, Errorf(InvalidArgument, "the content is not a list of content blocks")
		}
	} else {
		many = make([]wireBlock, 1)
		if err := json.Unmarshal(doc, &many[0]); err != nil {
			return nil, Errorf(InvalidArgument, "the content is not a content block")
		}
	}
	blocks := make(Blocks, len(many))
	for i, w := range many {
		b, err := w.block()
		if err != nil {
			return nil, err
		}
		blocks[i] = b
	}
	return blocks, nil
}

func (w wireBlock) block() (Block, error) {
	switch w.Type {
	case "text":
		if w.Text != nil {
			return Text{Text: *w.Text}, nil
		}
	case "image":
		if w.Data != nil {
			return Image{Data: *w.Data, MIMEType: w.MIMEType}, nil
		}
	case "audio":
		if w.Data != nil {
			return Audio{Data: *w.Data, MIMEType: w.MIMEType}, nil
		}
	}
	return nil, Errorf(InvalidArgument, "a content block of type %q is not understood or incomplete", w.Type)
}
