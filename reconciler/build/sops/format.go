package sops

import (
	"bytes"
	"errors"
	"path"

	"github.com/towline-dev/towline/reconciler/build"
)

// format is one kind of file that SOPS writes. open gives errNotEncrypted where the
// file wasn't written by SOPS; keys is nil to ask for that alone.
type format interface {
	open(data []byte, k opening) ([]byte, error)
}

// opening gives the opener of a file, once its metadata is read.
type opening func(*metadata) (*opener, error)

// errNotEncrypted says that a file is plain text.
var errNotEncrypted = errors.New("not encrypted by SOPS")

// formatOf tells the format by the name's ending as SOPS does; where the ending says
// nothing, by the first byte.
func formatOf(name string, data []byte) format {
	switch path.Ext(name) {
	case ".yaml", ".yml":
		return yamlFormat{}
	case ".json":
		return jsonFormat{}
	case ".env":
		return dotenvFormat{}
	case ".ini":
		return iniFormat{}
	}
	if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return binaryFormat{}
	}
	return dotenvFormat{}
}

// suspect tells in a moment that most files aren't encrypted: each that is has a MAC,
// which is encrypted.
func suspect(data []byte) bool {
	return bytes.Contains(data, []byte("sops")) && bytes.Contains(data, []byte("ENC[AES256_GCM,"))
}

// Decrypt gives the plain text of a file, whose name's ending says the format. A file
// that SOPS didn't write stays as it is.
func (k *Keys) Decrypt(name string, data []byte) ([]byte, error) {
	return decrypt(name, data, k.opener)
}

// Refuse is Decrypt without any keys: an encrypted file is an error.
func Refuse(name string, data []byte) ([]byte, error) {
	return decrypt(name, data, func(m *metadata) (*opener, error) {
		return nil, noKeysError{m.audience()}
	})
}

// noKeysError says that there is nothing to open a file with.
type noKeysError struct{ audience string }

func (e noKeysError) Error() string {
	return "encrypted by SOPS for " + e.audience + ", and no keys were given"
}

func decrypt(name string, data []byte, k opening) ([]byte, error) {
	if !suspect(data) {
		return data, nil
	}
	plain, err := formatOf(name, data).open(data, k)
	switch {
	case errors.Is(err, errNotEncrypted):
		return data, nil
	case err == nil:
		return plain, nil
	}
	failure := &build.Error{File: name, Err: err}
	if _, ok := errors.AsType[noKeysError](err); ok {
		failure.Hint = "name the Secret of the keys in spec.decryption; towline build takes --decryption-key"
	}
	return nil, failure
}
