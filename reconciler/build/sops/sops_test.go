package sops_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/sops"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// keys reads the named files of testdata as a Secret would hold them.
func keys(t testing.TB, names ...string) build.Decrypter {
	t.Helper()
	secret := map[string][]byte{}
	for _, name := range names {
		secret[name] = read(t, name)
	}
	k, err := sops.NewKeys(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// values decodes all documents of a YAML or JSON file.
func values(t *testing.T, data []byte) []any {
	t.Helper()
	var all []any
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var value any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, data)
		}
		all = append(all, value)
	}
}

// TestFormats opens what the sops command has encrypted; testdata/README.md tells how.
func TestFormats(t *testing.T) {
	for _, tt := range []struct {
		name, file, plain string
		keys              []string
		text              string // where not the values but the bytes count
	}{
		{name: "YAML", file: "age/secret.yaml", plain: "plain/secret.yaml"},
		{name: "types", file: "age/typed.yaml", plain: "plain/typed.yaml"},
		{name: "several documents", file: "age/multi.yaml", plain: "plain/multi.yaml"},
		{name: "JSON", file: "age/secret.json", plain: "plain/secret.json"},
		{name: "dotenv", file: "age/app.env", text: "USER=admin\nPASSWORD=pa=ss word\nMULTI=one\\ntwo\nEMPTY=\n"},
		{name: "ini", file: "age/app.ini", text: "top = level\n[db]\npassword = `pa;ss#word`\nuser = admin\n[other]\na = 1\n"},
		{name: "binary", file: "age/blob.txt", text: "binary \001\002 text\nsecond line\n"},
		{name: "OpenPGP", file: "pgp/secret.yaml", plain: "plain/secret.yaml", keys: []string{"test.asc"}},
		{name: "OpenPGP dotenv", file: "pgp/app.env", keys: []string{"test.asc"}, text: "USER=admin\nPASSWORD=pa=ss word\nMULTI=one\\ntwo\nEMPTY=\n"},
		{name: "one of several recipients", file: "both.yaml", plain: "plain/secret.yaml", keys: []string{"test.asc"}},
		{name: "another of them", file: "both.yaml", plain: "plain/secret.yaml", keys: []string{"other.agekey"}},
		{name: "all keys", file: "both.yaml", plain: "plain/secret.yaml", keys: []string{"other.agekey", "test.agekey", "test.asc"}},
		{name: "MAC of encrypted values only", file: "maconly.yaml", plain: "plain/secret.yaml"},
		{name: "unencrypted_regex", file: "unencrypted_regex.yaml", plain: "plain/secret.yaml"},
		{name: "encrypted_suffix", file: "suffix.yaml", plain: "plain/secret.yaml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.keys == nil {
				tt.keys = []string{"test.agekey"}
			}
			got, err := keys(t, tt.keys...).Decrypt(tt.file, read(t, tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if tt.text != "" {
				if diff := cmp.Diff(tt.text, string(got)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				return
			}
			if diff := cmp.Diff(values(t, read(t, tt.plain)), values(t, got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSeveralFilesInOne opens files that were encrypted one by one and then put
// together, below a plain document.
func TestSeveralFilesInOne(t *testing.T) {
	joined := bytes.Join([][]byte{[]byte("a: plain # ENC[AES256_GCM,\n"), read(t, "both.yaml"), read(t, "age/multi.yaml")}, []byte("---\n"))
	got, err := keys(t, "test.agekey").Decrypt("all.yaml", joined)
	if err != nil {
		t.Fatal(err)
	}
	want := append([]any{map[string]any{"a": "plain"}}, values(t, read(t, "plain/secret.yaml"))...)
	want = append(want, values(t, read(t, "plain/multi.yaml"))...)
	if diff := cmp.Diff(want, values(t, got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPlainFilesStay holds that what SOPS didn't write is left as it is.
func TestPlainFilesStay(t *testing.T) {
	for name, text := range map[string]string{
		"a.yaml":     "a: 1\n",
		"doc.yaml":   "# see ENC[AES256_GCM,data:x] of sops\na: 1\n",
		"own.yaml":   "sops: {theirs: 'ENC[AES256_GCM,data:x]'}\n",
		"wrong.yaml": "sops: [ENC[AES256_GCM,\n",
		"own.json":   `{"sops": {"mac": 1, "x": "ENC[AES256_GCM,"}}`,
		"README.md":  "sops writes ENC[AES256_GCM,data:x]\n",
		"x.env":      "A=sops ENC[AES256_GCM,\n",
		"x.ini":      "[a]\nb=sops ENC[AES256_GCM,\n",
		"tpl.txt":    "{ sops ENC[AES256_GCM, }",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sops.Refuse(name, []byte(text))
			if err != nil || string(got) != text {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	secret := string(read(t, "both.yaml"))
	for _, tt := range []struct {
		name, file string
		text       string
		keys       []string
		want       string // what the error must hold
	}{
		{"no key of the recipients", "other.yaml", "", nil, "none of the keys opens it; it is encrypted for age age1rrd9"},
		{"no key for OpenPGP", "pgp/secret.yaml", "", nil, "none of the keys opens it; it is encrypted for OpenPGP 10BC5D"},
		{"only OpenPGP", "other.yaml", "", []string{"test.asc"}, "none of the keys opens it"},
		{"groups of keys", "groups.yaml", "", nil, "2 groups of keys, which isn't supported"},
		{"rules by comments", "comment_regex.yaml", "", nil, "rules by comments"},
		{"a changed plain value", "x.yaml", strings.Replace(secret, "kind: Secret", "kind: ConfigMap", 1), nil, "its MAC doesn't match"},
		{"a value that is gone", "x.yaml", remove(secret, "    password:"), nil, "its MAC doesn't match"},
		{"a value that was moved", "x.yaml", strings.Replace(secret, "    password:", "    moved:", 1), nil, "opening stringData.moved: it was changed or moved"},
		{"a value that isn't encrypted", "x.yaml", strings.Replace(secret, "    password: ", "    added: hunter2\n    password: ", 1), nil, "opening stringData.added: it isn't encrypted"},
		{"a damaged value", "x.yaml", strings.Replace(secret, "GCM,data:", "GCM,data:A", 2), nil, "its base64 is damaged"},
		{"another time", "x.yaml", strings.Replace(secret, "lastmodified: \"20", "lastmodified: \"21", 1), nil, "opening sops.mac"},
		{"no time", "x.yaml", strings.Replace(secret, "lastmodified: \"20", "lastmodified: \"x", 1), nil, "sops.lastmodified isn't a time"},
		{"a damaged data key", "x.yaml", strings.ReplaceAll(secret, "YWdlLWVuY3J5cHRpb24ub3JnL3Yx", "YWdlLWVuY3J5cHRpb24ub3JnL3Yy"), nil, "the data key for age1"},
		{"an alias", "x.yaml", strings.Replace(secret, "kind: Secret", "kind: &a Secret\nother: *a", 1), nil, "an alias in an encrypted file"},
		{"two rules", "x.yaml", secret + "    encrypted_suffix: x\n", nil, "more than one rule"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := []byte(tt.text)
			if tt.text == "" {
				data = read(t, tt.file)
			}
			if tt.keys == nil {
				tt.keys = []string{"test.agekey"}
			}
			got, err := keys(t, tt.keys...).Decrypt(tt.file, data)
			if err == nil {
				t.Fatalf("no error, but\n%s", got)
			}
			if e, ok := errors.AsType[*build.Error](err); !ok || e.File != tt.file || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q at %s", err, tt.want, tt.file)
			}
			for _, plain := range []string{"pa55", "hunter2", "line one"} {
				if strings.Contains(err.Error(), plain) {
					t.Errorf("the error tells %q: %v", plain, err)
				}
			}
		})
	}
}

func remove(text, prefix string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, prefix) {
			out.WriteString(line)
		}
	}
	return out.String()
}

func TestWithoutKeys(t *testing.T) {
	for _, file := range []string{"both.yaml", "groups.yaml", "age/secret.json", "age/app.env", "age/app.ini", "age/blob.txt"} {
		_, err := sops.Refuse(file, read(t, file))
		e, ok := errors.AsType[*build.Error](err)
		if !ok || e.Hint == "" || !strings.Contains(err.Error(), "encrypted by SOPS for age age1") {
			t.Errorf("%s: error %v, want one with a hint and the recipients", file, err)
		}
	}
}

// TestTruncated holds that no part of a file is taken for the whole; only the end of
// the metadata, such as the version, may be gone.
func TestTruncated(t *testing.T) {
	for _, file := range []string{"both.yaml", "age/secret.json", "age/app.env", "age/app.ini", "age/blob.txt"} {
		data, k := read(t, file), keys(t, "test.agekey")
		whole, err := k.Decrypt(file, data)
		if err != nil {
			t.Fatal(err)
		}
		for end := 0; end < len(data)-1; end += 7 {
			got, err := k.Decrypt(file, data[:end])
			if err == nil && !bytes.Equal(got, data[:end]) && !bytes.Equal(got, whole) {
				t.Fatalf("%s: the first %d bytes were opened:\n%s", file, end, got)
			}
		}
	}
}

func TestNewKeys(t *testing.T) {
	for _, tt := range []struct {
		name   string
		secret map[string][]byte
		want   string
	}{
		{"nothing", nil, "no key that opens SOPS files"},
		{"other names", map[string][]byte{"key.txt": read(t, "test.agekey")}, "no key that opens SOPS files"},
		{"not age", map[string][]byte{"a.agekey": []byte("AGE-SECRET-KEY-1TOPSECRET")}, `"a.agekey": it isn't a list of age identities`},
		{"not OpenPGP", map[string][]byte{"a.asc": []byte("TOPSECRET")}, `"a.asc": it isn't an armoured OpenPGP key`},
		{"public", map[string][]byte{"a.asc": read(t, "public.asc")}, "is a public key"},
		{"passphrase", map[string][]byte{"a.asc": read(t, "locked.asc")}, "locked by a passphrase"},
		{"one of two is bad", map[string][]byte{"a.agekey": read(t, "test.agekey"), "b.agekey": []byte("x")}, `"b.agekey"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sops.NewKeys(tt.secret)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "TOPSECRET") {
				t.Errorf("error %v, want one with %q and no key", err, tt.want)
			}
		})
	}
	if keys(t, "test.agekey").Key() == keys(t, "other.agekey").Key() {
		t.Error("different keys have the same hash")
	}
}

// FuzzDecrypt holds that any change of an encrypted file ends in an error or in what
// was encrypted.
func FuzzDecrypt(f *testing.F) {
	k := keys(f, "test.agekey", "test.asc")
	for _, file := range []string{"both.yaml", "age/secret.json", "age/app.env", "age/app.ini", "age/blob.txt", "age/multi.yaml"} {
		f.Add(filepath.Base(file), read(f, file))
	}
	f.Fuzz(func(_ *testing.T, name string, data []byte) {
		_, _ = k.Decrypt(name, data) // must end, and not panic
	})
}
