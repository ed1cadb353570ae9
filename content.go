package tandem

import "reflect"

// Block is one piece of content that is not an operation's JSON: [Text],
// [Image], [Audio], [Link] or [Embedded]. An operation whose output type is one
// of them, or [Blocks], answers an agent with these blocks, and a REST caller
// with the bytes of the one block under its media type, or with several as
// multipart/mixed (RFC 2046 section 5.1.3).
type Block interface{ isBlock() }

// Blocks is an output of any number of blocks.
type Blocks []Block

// Text is plain text, or text of another kind where MIMEType says so.
type Text struct {
	Text     string
	MIMEType string // empty means text/plain
}

// Image is a picture.
type Image struct {
	Data     []byte
	MIMEType string // such as "image/png"
}

// Audio is a sound.
type Audio struct {
	Data     []byte
	MIMEType string // such as "audio/wav"
}

// Link names a resource that the caller may read.
type Link struct {
	URI, Name                    string
	Title, Description, MIMEType string // optional
}

// Embedded is a resource with its contents: text, or bytes where Data is not
// nil.
type Embedded struct {
	URI      string
	MIMEType string // optional
	Text     string
	Data     []byte
}

func (Text) isBlock()     {}
func (Image) isBlock()    {}
func (Audio) isBlock()    {}
func (Link) isBlock()     {}
func (Embedded) isBlock() {}

var (
	blockType  = reflect.TypeFor[Block]()
	blocksType = reflect.TypeFor[Blocks]()
)

// isContent reports whether an output type is content and not JSON.
func isContent(t reflect.Type) bool { return t == blocksType || t.Implements(blockType) }

// blocksOf returns the blocks of an output for which isContent holds, none of
// them a pointer. A nil Block has none.
func blocksOf(output any) Blocks {
	switch v := output.(type) {
	case Blocks:
		blocks := make(Blocks, len(v))
		for i, b := range v {
			blocks[i] = value(b)
		}
		return blocks
	case Block:
		if v = value(v); v != nil {
			return Blocks{v}
		}
	}
	return nil
}

// value returns what b points to, since pointers to blocks are blocks as well; nil
// for a nil pointer.
func value(b Block) Block {
	switch b := b.(type) {
	case *Text:
		return deref(b)
	case *Image:
		return deref(b)
	case *Audio:
		return deref(b)
	case *Link:
		return deref(b)
	case *Embedded:
		return deref(b)
	}
	return b
}

func deref[T Block](b *T) Block {
	if b == nil {
		return nil
	}
	return *b
}
