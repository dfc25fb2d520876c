package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	// releaseAnnotation releases versions that are held since a person moved away from
	// them in Git: tags, with spaces between them.
	releaseAnnotation = group + "release"
	// maxReleased bounds the tags: those that are long gone by can be deleted.
	maxReleased = 50
)

// Released reports whether the document's annotation towline.dev/release names the
// tag: whoever wrote it wants the tag, although a person moved away from it in Git.
func (p *Policy) Released(tag string) bool { return slices.Contains(p.released, tag) }

// Labels gives the labels that the update brings to its pull request, in the order in
// which the document names them. The slice is the caller's.
func (p *Policy) Labels() []string { return slices.Clone(p.Spec.Update.Labels) }

// release reads the tags of the annotation.
func (d *decoding) release(annotations map[string]string) []string {
	const path = "metadata.annotations." + releaseAnnotation
	text, ok := annotations[releaseAnnotation]
	if !ok || d.bad[path] {
		return nil
	}
	tags := strings.Fields(text)
	switch {
	case len(tags) == 0:
		d.fail(path, "names no tag", `write the tags with spaces between them: "1.3.0 1.4.0"`)
	case len(tags) > maxReleased:
		d.fail(path, fmt.Sprintf("names more than %d tags", maxReleased), "leave out those that are older than the current one")
	}
	for _, tag := range tags {
		if !isTag(tag) {
			d.fail(path, quote(tag)+" can't be a tag", `write the tags with spaces between them: "1.3.0 1.4.0"`)
		}
	}
	return tags
}

// annotations reports one of ours that is misspelt: it would do nothing. Others that
// begin as ours do may be for the cluster.
func (d *decoding) annotations(annotations map[string]string) {
	const path = "metadata.annotations."
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		own, ok := strings.CutPrefix(name, group)
		switch near := Nearest(own, []string{"release"}); {
		case !ok || name == releaseAnnotation:
		case own == "group" || own == "mode" || own == "labels":
			d.fail(path+name, "does nothing here", "write it as spec.update."+own)
		case near != "":
			d.fail(path+name, "unknown annotation", didYouMean(own, []string{near}))
		}
	}
}

// commaList checks and gives the items of an annotation that stands for a list.
func (d *decoding) commaList(path, text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		if !isLine(item) || len(items) == maxNames {
			d.fail(path, quote(text)+" is not a list of names", `write them with commas between them: "security, backend"`)
			return nil
		}
		items = append(items, item)
	}
	return items
}
