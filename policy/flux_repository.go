package policy

import (
	"fmt"
	"path"
	"strings"
	"time"
)

// fluxRepository is an ImageRepository: which image is scanned, and how.
type fluxRepository struct {
	name, namespace string
	position        Position
	image           string
	imageAt         Position
	interval        time.Duration
	excludes        []exclusion
	suspended       bool
	access          *fluxAccess
	broken          bool // it has a problem, and can't be used
}

func (r fluxRepository) dir() string { return path.Dir(r.position.File) }

// maxExclusions is how many expressions Flux's schema allows.
const maxExclusions = 25

type fluxRepositoryManifest struct {
	APIVersion string       `yaml:"apiVersion"`
	Kind       string       `yaml:"kind"`
	Metadata   fluxMetadata `yaml:"metadata"`
	Spec       struct {
		Image         string        `yaml:"image"`
		Interval      time.Duration `yaml:"interval"`
		ExclusionList []string      `yaml:"exclusionList"`
		AccessFrom    *fluxAccess   `yaml:"accessFrom"`
		Suspend       bool          `yaml:"suspend"`
		// What it takes to reach the registry is the bot's own configuration.
		Timeout            time.Duration `yaml:"timeout"`
		SecretRef          fluxName      `yaml:"secretRef"`
		CertSecretRef      fluxName      `yaml:"certSecretRef"`
		ProxySecretRef     fluxName      `yaml:"proxySecretRef"`
		ServiceAccountName string        `yaml:"serviceAccountName"`
		Provider           string        `yaml:"provider"`
		Insecure           bool          `yaml:"insecure"`
	} `yaml:"spec"`
	Status anything `yaml:"status"`
}

// repository reads an ImageRepository. One with a problem is kept, so that its
// policies can be told of it.
func (f *Flux) repository(file string, doc document) Problems {
	var m fluxRepositoryManifest
	d := decodeLeniently(file, doc.root, &m)
	r := fluxRepository{
		name: m.Metadata.Name, namespace: m.Metadata.Namespace, position: d.places[""],
		image: m.Spec.Image, imageAt: d.places["spec.image"], interval: m.Spec.Interval,
		suspended: m.Spec.Suspend, access: m.Spec.AccessFrom,
	}
	if d.fluxHead(doc, m.Metadata) {
		d.fluxImage("spec.image", r.image)
		if d.required("spec.interval", `how often the registry is asked, such as "5m"`) {
			d.fluxInterval("spec.interval", r.interval.String())
		}
		gone := d.dropped(versionOf(doc), fluxV1beta2, "provider", "insecure", "proxySecretRef")
		r.excludes = d.exclusionList(m.Spec.ExclusionList)
		d.unsupported(m, gone)
		if r.suspended {
			d.note("spec.suspend", "the repository isn't scanned, and its policies change nothing", "")
		}
	}
	r.broken = len(d.problems) > 0
	f.repositories, f.notes = append(f.repositories, r), append(f.notes, d.notes...)
	return d.problems
}

// fluxImage checks the repository's name; Flux's variables are a common reason
// why it is none.
func (d *decoding) fluxImage(path, image string) {
	if !d.required(path, imageHint) {
		return
	}
	if message, hint := checkImage(image); message != "" {
		if strings.Contains(image, "${") {
			hint = "variables that Flux fills in later are not known here; write the name itself"
		}
		d.fail(path, message, hint)
	}
}

// exclusionList compiles the expressions, or Flux's default, which leaves out
// cosign's signatures.
func (d *decoding) exclusionList(list []string) []exclusion {
	const path = "spec.exclusionList"
	if len(list) == 0 {
		list = []string{`^.*\.sig$`}
	}
	if len(list) > maxExclusions {
		d.fail(path, fmt.Sprintf("has more than %d entries", maxExclusions), "join them by |")
		return nil
	}
	out := make([]exclusion, 0, len(list))
	var left []demand
	for i, text := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		if d.bad[at] {
			continue
		}
		pattern, message, hint := d.compile(text)
		if message != "" {
			d.fail(at, message, hint)
			continue
		}
		out = append(out, exclusion{written: text, pattern: pattern})
		if never, ok := demandOf(text, false); ok {
			if left = append(left, never); isEmpty(d.effort, demand{never.program, true}) {
				d.note(at, quote(text)+" matches no tag", tagHint)
			}
		}
	}
	if isEmpty(d.effort, left...) {
		d.fail(path, "leaves no tag", "")
	}
	return out
}

// unsupported notes what can't be honoured from a file of the repository: reading
// Secrets named there would let whoever may write a policy use anybody's.
func (d *decoding) unsupported(m fluxRepositoryManifest, gone map[string]bool) {
	const hint = "give the registry's credentials and certificates to the bot itself"
	for _, field := range []struct {
		name, hint string
		off        bool
	}{
		{name: "secretRef", hint: hint},
		{name: "certSecretRef", hint: hint},
		{name: "proxySecretRef", hint: "the bot uses the proxy of its own environment"},
		{name: "serviceAccountName", hint: hint},
		{name: "insecure", hint: "name the host in the bot's own registry configuration", off: !m.Spec.Insecure},
		{name: "timeout", hint: "the bot has its own timeouts"},
	} {
		if path := "spec." + field.name; d.has(path) && !gone[field.name] && !field.off {
			d.note(path, "is not supported", field.hint)
		}
	}
	if d.has("spec.provider") && !gone["provider"] {
		oneOf(d, "spec.provider", m.Spec.Provider, "generic", "aws", "azure", "gcp")
	}
}
