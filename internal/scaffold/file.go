package scaffold

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// heading begins a new file.
const heading = "# Written by towline init from the tags in use. The policies are yours to change.\n\n"

// ForeignError says that a file holds something else than policies of ours, or
// can't be read as them, so that nothing is added to it.
type ForeignError struct {
	File string
	Why  string
}

// Error names the file, and says what is wrong with it.
func (e *ForeignError) Error() string { return fmt.Sprintf("%s: nothing is added: %s", e.File, e.Why) }

// Append gives the content of a file with the policies added, each a document of
// its own; what stood there before stands there unchanged. old is nil for a new file.
func Append(file string, old []byte, policies []Policy) ([]byte, error) {
	before, err := policy.Parse(file, old)
	if err != nil {
		return nil, &ForeignError{file, err.Error()}
	}
	if err := ours(old); err != nil {
		return nil, &ForeignError{file, err.Error()}
	}
	var texts []string
	for i := range policies {
		texts = append(texts, policies[i].text())
	}
	added := strings.Join(texts, "---\n")
	switch {
	case len(old) == 0:
		added = heading + added
	case len(bytes.TrimSpace(old)) > 0:
		added = "---\n" + added
	}
	if len(old) > 0 && !bytes.HasSuffix(old, []byte("\n")) {
		added = "\n" + added
	}
	if first := bytes.IndexByte(old, '\n'); first > 0 && old[first-1] == '\r' {
		added = strings.ReplaceAll(added, "\n", "\r\n")
	}
	data := append(bytes.Clone(old), added...)
	switch after, err := policy.Parse(file, data); {
	case err != nil:
		return nil, &ForeignError{file, err.Error()}
	case len(after) != len(before)+len(policies):
		return nil, &ForeignError{file, "what stands there would swallow what is added"}
	}
	return data, nil
}

// ours reports an error unless each document is an image policy of ours.
func ours(data []byte) error {
	if len(data) > edit.MaxSize {
		return errors.New("the file is too large")
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		if err := d.Decode(&doc); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var head struct {
			APIVersion string `yaml:"apiVersion"`
			Kind       string `yaml:"kind"`
		}
		if err := doc.Decode(&head); err != nil {
			return fmt.Errorf("line %d holds something else than an ImagePolicy", doc.Content[0].Line)
		}
		if empty := doc.Content[0].ShortTag() == "!!null"; !empty && (head.APIVersion != policy.APIVersion || head.Kind != "ImagePolicy") {
			return fmt.Errorf("line %d begins something else than an ImagePolicy of %s", doc.Content[0].Line, policy.APIVersion)
		}
	}
}

// sound gives the found policies that can be read back and do what they are for;
// names of files and images that no policy can hold make the others.
func (f *finding) sound(file string) []Policy {
	var policies []Policy
	for _, p := range f.found {
		read, err := policy.Parse(file, []byte(p.text()))
		switch {
		case err != nil:
			f.skipAll(p.Uses, err.Error(), "")
			continue
		case len(read) != 1 || read[0].Key() != p.Key() || !edit.SameImage(read[0].Image(), p.Image):
			f.skipAll(p.Uses, "the policy wouldn't be read as it is meant", "write it by hand")
			continue
		}
		if covers := read[0].Covers; len(p.Paths) > 0 && !allOf(p.files(), covers) {
			f.skipAll(p.Uses, "no glob can name its files", "rename them")
			continue
		}
		policies = append(policies, *p)
	}
	return policies
}

func allOf(files []string, covers func(string) bool) bool {
	for _, file := range files {
		if !covers(file) {
			return false
		}
	}
	return true
}
