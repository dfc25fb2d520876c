package edit

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// List names a list of texts in one object of a file, such as spec.exclude of a policy.
type List struct {
	// Kind, Namespace and Name are the object's; it must stand in the file once.
	Kind, Namespace, Name string
	// In is the mapping that holds the list, by keys; Key is the list's own.
	In  []string
	Key string
	// After is the key behind which a list that isn't there yet is put.
	After string
}

// Append returns the file with a text added at the end of a list, which is made where the
// file has none. All other bytes stay as they are: the text is put in, and the result is
// parsed and must differ from the file by that item alone. Where that can't be done safely
// the error is a *RefusedError. The text may hold letters, digits and the signs of a tag.
func (l List) Append(file string, data []byte, value string) ([]byte, error) {
	a := &appending{List: l, src: &source{data: data}, value: value}
	refuse := func(reason string) error {
		return &RefusedError{File: file, Line: a.line, Path: fmt.Sprint(l.Kind, " ", l.Name, " ", l.Key), Reason: reason}
	}
	if len(data) > MaxSize {
		return nil, refuse("the file is too large")
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`).MatchString(value) {
		return nil, refuse(fmt.Sprintf("%.80q isn't a tag", value))
	}
	docs, err := decode(data)
	if err != nil {
		return nil, refuse(fmt.Sprintf("not valid YAML: %.200v", err))
	}
	holder, err := a.holder(docs)
	if err != nil {
		return nil, refuse(err.Error())
	}
	at, text, err := a.insertion(holder)
	if err != nil {
		return nil, refuse(err.Error())
	}
	result := slices.Concat(data[:at], []byte(text), data[at:])
	if err := a.verify(docs, holder, result); err != nil {
		return nil, refuse(err.Error())
	}
	return result, nil
}

// appending is one text on its way into a list.
type appending struct {
	List
	src   *source
	value string
	doc   int // index of the object's document
	line  int // of what is looked at
}

// holder finds the mapping that has the list, or is to have it.
func (a *appending) holder(docs []*yaml.Node) (*yaml.Node, error) {
	var found *yaml.Node
	for i, doc := range docs {
		if len(doc.Content) != 1 || !a.is(doc.Content[0]) {
			continue
		}
		if found != nil {
			return nil, errors.New("the file has this object twice")
		}
		found, a.doc, a.line = doc.Content[0], i, doc.Content[0].Line
	}
	if found == nil {
		return nil, errors.New("the file doesn't hold this object")
	}
	for _, key := range a.In {
		if found = lookupRaw(found, key); found == nil || found.Kind != yaml.MappingNode || found.Anchor != "" {
			return nil, fmt.Errorf("%s isn't a mapping of its own", key)
		}
		a.line = found.Line
	}
	return found, nil
}

func (a *appending) is(object *yaml.Node) bool {
	if object.Kind != yaml.MappingNode || scalarAt(object, "kind") != a.Kind {
		return false
	}
	metadata := lookupRaw(object, "metadata")
	return metadata != nil && metadata.Kind == yaml.MappingNode &&
		scalarAt(metadata, "name") == a.Name && scalarAt(metadata, "namespace") == a.Namespace
}

func scalarAt(n *yaml.Node, key string) string {
	value := lookupRaw(n, key)
	if value == nil || resolve(value).Kind != yaml.ScalarNode {
		return ""
	}
	return resolve(value).Value
}

// insertion says what is to be put where.
func (a *appending) insertion(holder *yaml.Node) (at int, text string, err error) {
	list := lookupRaw(holder, a.Key)
	switch {
	case list == nil:
		return a.newList(holder)
	case list.Kind != yaml.SequenceNode || list.Anchor != "":
		return 0, "", fmt.Errorf("%s isn't a list of its own", a.Key)
	}
	a.line = list.Line
	item := `"` + a.value + `"`
	flow := list.Style&yaml.FlowStyle != 0
	if len(list.Content) == 0 {
		start, ok := a.src.at(list.Line, list.Column)
		if !ok || !flow || a.src.data[start] != '[' {
			return 0, "", errors.New(oddPlace)
		}
		return start + 1, item, nil
	}
	last := list.Content[len(list.Content)-1]
	end, err := a.end(last)
	if err != nil {
		return 0, "", err
	}
	if flow {
		return end, ", " + item, nil
	}
	lead, err := a.lead(last, "-")
	if err != nil {
		return 0, "", err
	}
	return a.below(end, lead+item)
}

// newList writes the list behind the value that it is to follow.
func (a *appending) newList(holder *yaml.Node) (at int, text string, err error) {
	for i := 0; i+1 < len(holder.Content); i += 2 {
		key, value := holder.Content[i], holder.Content[i+1]
		if key.Value != a.After {
			continue
		}
		end, err := a.end(value)
		if err != nil {
			return 0, "", err
		}
		name, quote := a.Key, ""
		if key.Style&yaml.DoubleQuotedStyle != 0 {
			quote = `"` // JSON has no other keys
		}
		entry := fmt.Sprintf("%s%s%s: [%q]", quote, name, quote, a.value)
		if holder.Style&yaml.FlowStyle != 0 {
			return end, ", " + entry, nil
		}
		lead, err := a.lead(key, "")
		if err != nil {
			return 0, "", err
		}
		return a.below(end, lead+entry)
	}
	return 0, "", fmt.Errorf("there is no %s behind which it could be put", a.After)
}

// end is where a scalar that stands on one line ends.
func (a *appending) end(n *yaml.Node) (int, error) {
	a.line = n.Line
	if n.Kind != yaml.ScalarNode {
		return 0, errors.New("what stands before isn't a plain value")
	}
	sp, ok := a.src.find(n)
	switch {
	case !ok:
		return 0, errors.New(oddPlace)
	case sp.odd != "":
		return 0, errors.New(sp.odd)
	}
	return sp.end, nil
}

// lead is what stands on a node's line before it: blanks, and the mark given.
func (a *appending) lead(n *yaml.Node, mark string) (string, error) {
	start, ok := a.src.at(n.Line, n.Column)
	if !ok {
		return "", errors.New(oddPlace)
	}
	lead := string(a.src.data[a.src.lineStart(start):start])
	if strings.Trim(lead, " ") != mark {
		return "", errors.New("it shares its line with something else")
	}
	return lead, nil
}

// below puts a line below the one of an offset, a comment at its end included.
func (a *appending) below(offset int, line string) (at int, text string, err error) {
	end := a.src.lineEnd(offset)
	if n := breakLen(a.src.data[end:]); n > 0 {
		return end + n, line + string(a.src.data[end:end+n]), nil
	}
	return end, a.lineBreak() + line, nil
}

// lineBreak is the one that the file uses.
func (a *appending) lineBreak() string {
	end := a.src.lineEnd(0)
	if n := breakLen(a.src.data[end:]); n > 0 {
		return string(a.src.data[end : end+n])
	}
	return "\n"
}

// verify parses the result, which must be the file with one more item.
func (a *appending) verify(docs []*yaml.Node, holder *yaml.Node, result []byte) error {
	after, err := decode(result)
	if err != nil || len(after) != len(docs) {
		return errors.New("the result isn't the YAML that was meant")
	}
	item := &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: a.value}
	list := lookupRaw(holder, a.Key)
	if list == nil {
		list = &yaml.Node{Kind: yaml.SequenceNode, Tag: yaml.NodeTagSeq}
		holder.Content = append(holder.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: a.Key}, list)
	}
	list.Content = append(list.Content, item)
	for i := range docs {
		var want, got any
		if err := errors.Join(docs[i].Decode(&want), after[i].Decode(&got)); err != nil {
			return fmt.Errorf("the result can't be compared: %.200w", err)
		}
		if !reflect.DeepEqual(want, got) {
			return errors.New("the result isn't what was meant")
		}
	}
	return nil
}
