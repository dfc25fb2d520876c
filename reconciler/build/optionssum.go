package build

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Sum is the same where the options are, and tells nothing of them.
func (o Options) Sum() (string, error) {
	keys := ""
	if o.Decryption != nil {
		keys = "keys " + o.Decryption.Key()
		o.Decryption = nil
	}
	text, err := json.Marshal(o) // keys of maps are sorted
	if err != nil {
		return "", fmt.Errorf("encoding the options of a build: %w", err)
	}
	sum := sha256.Sum256(append(text, keys...))
	return hex.EncodeToString(sum[:]), nil
}
