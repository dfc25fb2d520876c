package helm

import (
	"encoding/base64"
	"fmt"
	"path"
	"regexp"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
)

// files are a chart's own files as its templates see them in .Files: those of no other
// chart, and of no other folder of the repository. It is a map, so that templates can
// range over it.
type files map[string]file

// file is one file's bytes. A file pays for itself, since a map has no place for the meter.
type file struct {
	data  []byte
	meter *meter
}

// String gives the text, where a template prints or converts the file itself.
func (f file) String() string { return string(f.data) }

func newFiles(m *meter, from []*common.File) files {
	fs := make(files, len(from))
	for _, f := range from {
		fs[f.Name] = file{data: f.Data, meter: m}
	}
	return fs
}

// spend pays n bytes for each of the files.
func (fs files) spend(n int64) error {
	for _, f := range fs {
		return f.meter.spend(n * int64(len(fs)))
	}
	return nil
}

// GetBytes gives a file's bytes, none where there is no such file.
func (fs files) GetBytes(name string) ([]byte, error) {
	f, ok := fs[name]
	if !ok {
		return []byte{}, nil
	}
	return f.data, f.meter.text(int64(len(f.data)))
}

// Get gives a file's text, none where there is no such file.
func (fs files) Get(name string) (string, error) {
	data, err := fs.GetBytes(name)
	return string(data), err
}

// Lines gives a file's lines.
func (fs files) Lines(name string) ([]string, error) {
	f, ok := fs[name]
	if !ok || len(f.data) == 0 {
		return []string{}, nil
	}
	text := strings.TrimSuffix(string(f.data), "\n")
	if err := f.meter.list(int64(len(f.data)) + int64(strings.Count(text, "\n"))); err != nil {
		return nil, fmt.Errorf("reading the lines of %q: %w", name, err)
	}
	return strings.Split(text, "\n"), nil
}

// Glob gives the files whose names match the pattern; as in Helm, one that can't be read
// matches everything.
func (fs files) Glob(pattern string) (files, error) {
	if err := fs.spend(stepPrice + int64(len(pattern))); err != nil {
		return nil, err
	}
	match, err := regexp.Compile(globExpression(pattern))
	found := files{}
	for name, f := range fs {
		if err != nil || match.MatchString(name) {
			found[name] = f
		}
	}
	return found, nil
}

// AsConfig gives the files as the data of a ConfigMap, by their base names.
func (fs files) AsConfig() (string, error) {
	return fs.data(func(b []byte) string { return string(b) })
}

// AsSecrets gives the files as the data of a Secret, by their base names.
func (fs files) AsSecrets() (string, error) { return fs.data(base64.StdEncoding.EncodeToString) }

func (fs files) data(encode func([]byte) string) (string, error) {
	encoded := make(map[string]string, len(fs))
	for name, f := range fs {
		if err := f.meter.text(4 * int64(len(f.data))); err != nil {
			return "", err
		}
		encoded[path.Base(name)] = encode(f.data)
	}
	return toYAML(encoded), nil
}

// globExpression translates a glob into a regular expression, which takes linear time on
// every input: * and ? stop at slashes, ** doesn't, {a,b} is one of both.
func globExpression(pattern string) string {
	var b strings.Builder
	b.WriteString("^")
	braces := 0
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case strings.HasPrefix(pattern[i:], "**"):
			b.WriteString("(?s:.*)")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '{':
			braces++
			b.WriteString("(?:")
		case c == '}' && braces > 0:
			braces--
			b.WriteString(")")
		case c == ',' && braces > 0:
			b.WriteString("|")
		case c == '[' && strings.HasPrefix(pattern[i:], "[!"):
			b.WriteString("[^")
			i++
		case c == '[' || c == ']' || c == '-':
			b.WriteByte(c)
		case c == '\\' && i+1 < len(pattern):
			i++
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	return b.String() + "$"
}
