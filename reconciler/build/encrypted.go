package build

import (
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// encryptedMark begins every value that SOPS has encrypted.
const encryptedMark = "ENC[AES256_GCM,"

// errEncrypted says that an object still holds what SOPS has encrypted. It is the last
// line: files are opened, or refused, as they are read.
var errEncrypted = errors.New("holds text that SOPS has encrypted, which nobody in the cluster could read")

const hintEncrypted = "encrypt the file with sops as a whole, and name the Secret of the keys in spec.decryption"

// checkEncrypted gives errEncrypted for a Secret with encrypted values, and for any
// object with SOPS's metadata.
func checkEncrypted(u *unstructured.Unstructured) error {
	if meta, ok := u.Object["sops"].(map[string]any); ok && meta["mac"] != nil {
		return errEncrypted
	}
	if u.GetKind() != "Secret" || u.GroupVersionKind().Group != "" {
		return nil
	}
	for _, field := range []string{"data", "stringData"} {
		values, _ := u.Object[field].(map[string]any)
		if slices.ContainsFunc(slices.Collect(maps.Values(values)), encrypted) {
			return errEncrypted
		}
	}
	return nil
}

func encrypted(value any) bool {
	text, ok := value.(string)
	if !ok {
		return false
	}
	if strings.HasPrefix(text, encryptedMark) {
		return true
	}
	plain, err := base64.StdEncoding.DecodeString(text)
	return err == nil && strings.Contains(string(plain), encryptedMark) && strings.Contains(string(plain), "sops")
}
