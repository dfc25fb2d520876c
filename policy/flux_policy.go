package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// fluxPolicy is an ImagePolicy: which of the tags is wanted.
type fluxPolicy struct {
	policy *Policy // without what its ImageRepository says
	labels map[string]string
	// repository and its namespace, "" for the policy's own, with their place.
	repository, in string
	at             Position
	interval       time.Duration // at which the digest is looked at again, or 0
	broken         bool          // it has a problem, and can't be used
}

// A reflection says what becomes of the digest that stands behind a tag.
type reflection string

const (
	reflectNever        reflection = "Never"
	reflectIfNotPresent reflection = "IfNotPresent"
	reflectAlways       reflection = "Always"
)

// defaultReflection is Flux's interval for the digest of a tag that moves.
const defaultReflection = 10 * time.Minute

type fluxPolicyManifest struct {
	APIVersion string       `yaml:"apiVersion"`
	Kind       string       `yaml:"kind"`
	Metadata   fluxMetadata `yaml:"metadata"`
	Spec       struct {
		ImageRepositoryRef struct {
			Name      string `yaml:"name"`
			Namespace string `yaml:"namespace"`
		} `yaml:"imageRepositoryRef"`
		Policy                 fluxKinds     `yaml:"policy"`
		FilterTags             *FilterTags   `yaml:"filterTags"`
		DigestReflectionPolicy reflection    `yaml:"digestReflectionPolicy"`
		Interval               time.Duration `yaml:"interval"`
		Suspend                bool          `yaml:"suspend"`
	} `yaml:"spec"`
	Status anything `yaml:"status"`
}

// fluxKinds are the ways in which Flux orders tags.
type fluxKinds struct {
	Semver       *fluxSemver   `yaml:"semver"`
	Alphabetical *Alphabetical `yaml:"alphabetical"`
	Numerical    *Numerical    `yaml:"numerical"`
}

type fluxSemver struct {
	Range string `yaml:"range"`
}

// policy reads an ImagePolicy. One with a problem is kept, so that its markers can
// be told of it.
func (f *Flux) policy(file string, doc document) Problems {
	var m fluxPolicyManifest
	d := decodeLeniently(file, doc.root, &m)
	p := fluxPolicy{policy: &Policy{Name: m.Metadata.Name, Namespace: m.Metadata.Namespace, Position: d.places[""]}}
	if d.fluxHead(doc, m.Metadata) {
		p = d.fluxPolicy(m, versionOf(doc))
	}
	p.broken = len(d.problems) > 0
	f.policies, f.notes = append(f.policies, p), append(f.notes, d.notes...)
	return d.problems
}

func (d *decoding) fluxPolicy(m fluxPolicyManifest, v fluxVersion) fluxPolicy {
	p := &Policy{
		Name: m.Metadata.Name, Namespace: m.Metadata.Namespace, Position: d.places[""], flux: true,
		// Flux takes what its policy selects, whatever stands in the manifest.
		Spec: Spec{AllowDowngrade: true, Pin: PinTag},
	}
	out := fluxPolicy{policy: p, labels: m.Metadata.Labels, repository: m.Spec.ImageRepositoryRef.Name, in: m.Spec.ImageRepositoryRef.Namespace}
	const ref = "spec.imageRepositoryRef"
	d.name(ref+".name", out.repository, true)
	d.name(ref+".namespace", out.in, false)
	out.at = cmp.Or(d.places[ref+".name"], d.places[ref])
	p.Spec.Update = d.fluxUpdate(m.Metadata.Annotations)
	p.released = d.release(m.Metadata.Annotations)
	p.Spec.Policy, p.kind = d.fluxKind(m.Spec.Policy)
	p.Spec.FilterTags, p.filter = d.fluxFilter(m.Spec.FilterTags)
	d.reachable(p, "")
	gone := d.dropped(v, fluxV1beta2, "digestReflectionPolicy", "interval")
	if !gone["digestReflectionPolicy"] {
		out.interval = d.reflection(p, m.Spec.DigestReflectionPolicy, m.Spec.Interval)
	}
	if m.Spec.Suspend {
		// The field is honoured where Kubernetes would drop it, too: whoever
		// wrote it wants nothing to move.
		p.suspended = true
		d.note("spec.suspend", "nothing is scanned and changed for the policy", "")
	}
	return out
}

// fluxUpdate reads how an update travels, which Flux says nothing of, from the
// annotations towline.dev/group, towline.dev/mode and towline.dev/labels.
func (d *decoding) fluxUpdate(annotations map[string]string) Update {
	const at = "metadata.annotations."
	known := []string{"group", "labels", "mode", "release"}
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		if own, ok := strings.CutPrefix(name, group); ok && !slices.Contains(known, own) {
			d.note(at+name, "does nothing", didYouMean(own, known))
		}
	}
	update := Update{Group: annotations[group+"group"], Mode: Mode(annotations[group+"mode"])}
	d.group(at+group+"group", update.Group)
	update.Mode = oneOf(d, at+group+"mode", update.Mode, ModePullRequest, ModeCommit, ModeNotify)
	if text, ok := annotations[group+"labels"]; ok {
		update.Labels = d.commaList(at+group+"labels", text)
	}
	return update
}

// fluxKind makes the kind. Of several, Flux takes the first.
func (d *decoding) fluxKind(kinds fluxKinds) (Kinds, kind) {
	const path = "spec.policy"
	var named []string
	for _, name := range []string{"semver", "alphabetical", "numerical"} {
		if d.has(path + "." + name) {
			named = append(named, name)
		}
	}
	if len(named) == 0 {
		d.fail(path, "wants one kind, found none", "write one of: alphabetical, numerical, semver")
		return Kinds{}, nil
	}
	for _, name := range named[1:] {
		d.note(path+"."+name, "does nothing beside "+named[0], "leave it out")
	}
	at := path + "." + named[0]
	switch {
	case kinds.Semver != nil:
		spec := Semver{Range: kinds.Semver.Range}
		k, ok := d.semver(at, spec).(*byVersion)
		if !ok {
			return Kinds{}, nil
		}
		k.flux = true
		return Kinds{Semver: &spec}, k
	case kinds.Alphabetical != nil:
		spec := Alphabetical{Order: oneOf(d, at+".order", kinds.Alphabetical.Order, OrderAsc, OrderDesc)}
		return Kinds{Alphabetical: &spec}, byLetters{order: spec.Order, flux: true}
	case kinds.Numerical != nil:
		spec := Numerical{Order: oneOf(d, at+".order", kinds.Numerical.Order, OrderAsc, OrderDesc)}
		return Kinds{Numerical: &spec}, built(newNumerical(spec))
	}
	return Kinds{}, nil // What stands there is no mapping, which has been reported.
}

// fluxFilter checks filterTags, of which Flux requires nothing: without a pattern
// every tag is taken as it is.
func (d *decoding) fluxFilter(tags *FilterTags) (*FilterTags, *filter) {
	const path = "spec.filterTags"
	if tags == nil {
		return nil, nil
	}
	if tags.Pattern == "" {
		if tags.Extract != "" {
			d.fail(path+".pattern", "is missing, so that there is nothing to extract", "name the group to extract: '^v(?P<version>.*)$'")
		}
		return nil, nil
	}
	return tags, d.filter(*tags)
}

// reflection sets what becomes of digests, and gives the interval at which the
// digest of a tag that moves is looked at.
func (d *decoding) reflection(p *Policy, wanted reflection, interval time.Duration) time.Duration {
	const at, every = "spec.digestReflectionPolicy", "spec.interval"
	wanted = oneOf(d, at, wanted, reflectNever, reflectIfNotPresent, reflectAlways)
	if wanted != reflectNever {
		p.Spec.Pin = PinDigest
	}
	if p.follows = wanted == reflectAlways; !p.follows {
		if d.has(every) {
			d.note(every, "does nothing without digestReflectionPolicy: Always", "the interval of the ImageRepository counts")
		}
		return 0
	}
	if !d.has(every) || interval == 0 {
		return defaultReflection
	}
	d.fluxInterval(every, interval.String())
	return interval
}

// join fills in what the ImageRepository says. The policy is a copy.
func (f fluxPolicy) join(r fluxRepository) *Policy {
	p := *f.policy
	p.Spec.Image, p.image = r.image, r.imageAt
	p.excludes = r.excludes
	p.Spec.Exclude = make([]string, len(r.excludes))
	for i, e := range r.excludes {
		p.Spec.Exclude[i] = "/" + e.written + "/"
	}
	every := r.interval
	if f.interval > 0 {
		every = min(every, f.interval)
	}
	p.Spec.Schedule = fmt.Sprintf("@every %s", every)
	p.suspended = p.suspended || r.suspended
	p.Spec.Update.Paths = []string{"**"}
	return &p
}

// limit lets the policy reach only what its automations reach: nothing at all
// where there are some, but none for it.
func (p *Policy) limit(all []fluxAutomation, labels map[string]string) (note string) {
	if len(all) == 0 {
		return ""
	}
	mine := slices.DeleteFunc(slices.Clone(all), func(a fluxAutomation) bool { return !a.selects(p, labels) })
	active := slices.DeleteFunc(slices.Clone(mine), func(a fluxAutomation) bool { return a.suspended })
	if len(active) == 0 {
		p.suspended = true
		if len(mine) > 0 {
			return "every ImageUpdateAutomation of the policy is suspended or can't be used, and so nothing is changed for it"
		}
		return "no ImageUpdateAutomation selects the policy, and so nothing is changed for it"
	}
	p.Spec.Update.Paths = nil
	for _, a := range active {
		if a.dir == "" {
			p.Spec.Update.Paths = []string{"**"}
			return ""
		}
		p.Spec.Update.Paths = append(p.Spec.Update.Paths, escapeGlob(a.dir)+"/**")
	}
	return ""
}

// escapeGlob makes a glob that matches a path to the letter.
func escapeGlob(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(text)
}
