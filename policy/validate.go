package policy

import (
	"fmt"
	"regexp"
)

// defaultSchedule is often enough to be of use and seldom enough for any
// registry's limits.
const defaultSchedule = "@every 5m"

const (
	imageHint = "write a repository like ghcr.io/stefanprodan/podinfo"
	rangeHint = `write it like ">=1.2.0 <2.0.0", "^1.2" or "~1.2.3"`
)

// policy checks what was decoded and makes the policy of it. It is only whole
// when no problem was found.
func (d *decoding) policy(m manifest) *Policy {
	p := &Policy{Name: m.Metadata.Name, Namespace: m.Metadata.Namespace, Position: d.places[""], Spec: m.Spec, image: d.places["spec.image"]}
	d.name("metadata.name", p.Name, true)
	d.name("metadata.namespace", p.Namespace, false)
	d.annotations(m.Metadata.Annotations)
	p.released = d.release(m.Metadata.Annotations)
	if d.required("spec.image", imageHint) {
		if message, hint := checkImage(p.Spec.Image); message != "" {
			d.fail("spec.image", message, hint)
		}
	}
	p.kind = d.kind(p.Spec.Policy)
	if f := p.Spec.FilterTags; f != nil && d.required("spec.filterTags.pattern", "a regular expression, like '^v(?P<version>.+)-alpine$'") {
		p.filter = d.filter(*f)
	}
	p.excludes = d.exclusions(p.Spec.Exclude)
	p.Spec.Schedule = d.schedule(p.Spec.Schedule)
	d.reachable(p, "spec.exclude")
	d.pin(p)
	d.gates(p.Spec)
	p.Spec.Update.Mode = oneOf(d, "spec.update.mode", p.Spec.Update.Mode, ModePullRequest, ModeCommit, ModeNotify)
	d.globs("spec.update.paths", p.Spec.Update.Paths)
	d.group("spec.update.group", p.Spec.Update.Group)
	d.lines("spec.update.labels", p.Spec.Update.Labels)
	return p
}

// required reports a field that is missing; one that stands there is checked by
// the caller.
func (d *decoding) required(path, hint string) bool {
	if !d.has(path) {
		if !d.meant[path] { // A misspelt field isn't missing as well.
			d.fail(path, "is missing", hint)
		}
		return false
	}
	return !d.bad[path]
}

// name checks a name as Kubernetes does; a marker separates namespace and name
// by a colon, and so neither may hold one.
func (d *decoding) name(path, name string, required bool) {
	if !required && !d.has(path) || required && !d.required(path, "") {
		return
	}
	valid := regexp.MustCompile(`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`)
	if len(name) > 253 || !valid.MatchString(name) {
		d.fail(path, quote(name)+" is not a name", "use at most 253 lower-case letters, digits, dashes and dots")
	}
}

// group checks the name of a group, since it becomes part of a branch's name.
func (d *decoding) group(path, name string) {
	if !d.has(path) {
		return
	}
	valid := regexp.MustCompile(`^[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$`)
	if len(name) > 63 || !valid.MatchString(name) || !IsBranchName(name) {
		d.fail(path, quote(name)+" can't be part of a branch's name", "use at most 63 letters, digits, dashes, dots and underscores")
	}
}

// globs checks each glob of a list.
func (d *decoding) globs(path string, globs []string) {
	for i, glob := range globs {
		if message := checkGlob(glob); message != "" {
			d.fail(fmt.Sprintf("%s[%d]", path, i), message, `globs are like "apps/**" or "*/kustomization.yaml", from the root of the repository`)
		}
	}
}

// oneOf checks a value that is one of a few words; the first is the default.
func oneOf[T ~string](d *decoding, path string, value T, words ...T) T {
	if !d.has(path) {
		return words[0]
	}
	known := make([]string, 0, len(words))
	for _, w := range words {
		if w == value {
			return value
		}
		known = append(known, string(w))
	}
	d.fail(path, quote(string(value))+" is not known", didYouMean(string(value), known))
	return value
}
