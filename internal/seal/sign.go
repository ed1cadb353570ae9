package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

const macSize = 16 // bytes of an HMAC-SHA256 that a signed token has

// Sign returns a token of text, URL-safe, that [Keys.Verify] takes only with the
// same bound. Its bearer can read it but not change it, and the same text always
// makes the same token.
func (k *Keys) Sign(text, bound []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(k.keys[0].sign(text, bound), text...))
}

// Verify returns the text of a signed token. Its error is ErrRefused, whatever is
// wrong.
func (k *Keys) Verify(token string, bound []byte) ([]byte, error) {
	if strings.ContainsAny(token, "\r\n") { // which the decoder skips
		return nil, ErrRefused
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < macSize {
		return nil, ErrRefused
	}
	mac, text := raw[:macSize], raw[macSize:]
	for _, candidate := range k.keys {
		if hmac.Equal(mac, candidate.sign(text, bound)) {
			return text, nil
		}
	}
	return nil, ErrRefused
}

// sign returns the HMAC of both, told apart by the length of the bound.
func (k *key) sign(text, bound []byte) []byte {
	h := hmac.New(sha256.New, k.mac)
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(bound)))) // a hash takes everything
	_, _ = h.Write(bound)
	_, _ = h.Write(text)
	return h.Sum(nil)[:macSize]
}
