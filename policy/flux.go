package policy

import (
	"fmt"
	"strings"
)

const (
	kindImageRepository = "ImageRepository"
	kindAutomation      = "ImageUpdateAutomation"
)

// Flux holds what one file says of Flux's image automation: its ImageRepository,
// ImagePolicy and ImageUpdateAutomation documents, and what else is needed to
// relate them (Namespace and kustomization documents). They stand in different
// files, and so it takes [ResolveFlux] to make policies of all files together.
// It is never changed, and may be used by several goroutines.
type Flux struct {
	policies       []fluxPolicy
	repositories   []fluxRepository
	automations    []fluxAutomation
	namespaces     []fluxNamespace
	kustomizations []kustomization
	notes          Problems
	unread         Position // of the file, where it holds a document that isn't valid YAML
}

// IsZero reports whether the file has nothing to do with Flux's image automation.
func (f Flux) IsZero() bool {
	return len(f.policies)+len(f.repositories)+len(f.automations)+len(f.namespaces)+len(f.kustomizations)+len(f.notes) == 0 &&
		f.unread == Position{}
}

// ParseFlux reads the documents of a file that matter to Flux's image automation,
// in the versions v1, v1beta2 and v1beta1 of image.toolkit.fluxcd.io. All others
// are passed over. Each document is read as it stands there: patches and
// variables that Flux fills in later are not known.
//
// An error is always [Problems], with all that is wrong in the file; what is
// right is given along with it. A field that Flux's own schema doesn't have is
// no problem but a note, since Kubernetes drops it.
func ParseFlux(file string, data []byte) (Flux, error) {
	var f Flux
	docs, problems := documents(file, data, fluxGroup, kindImagePolicy, kindImageRepository, kindAutomation)
	if len(problems) > 0 {
		f.unread = Position{File: file}
	}
	for _, doc := range docs {
		var found Problems
		switch doc.kind {
		case kindImageRepository:
			found = f.repository(file, doc)
		case kindImagePolicy:
			found = f.policy(file, doc)
		case kindAutomation:
			found = f.automation(file, doc)
		}
		problems = append(problems, found...)
	}
	f.namespaces = namespacesOf(data)
	f.kustomizations = kustomizationOf(file, data)
	return f, problems.Err()
}

// A fluxVersion is one of the versions that are read, the later the greater.
type fluxVersion int

const (
	fluxUnknown fluxVersion = iota
	fluxV1beta1
	fluxV1beta2
	fluxV1
)

func versionOf(doc document) fluxVersion {
	for i, name := range fluxVersions() {
		if doc.apiVersion == fluxGroup+name {
			return fluxVersion(i + 1)
		}
	}
	return fluxUnknown
}

func fluxVersions() []string { return []string{"v1beta1", "v1beta2", "v1"} }

func (v fluxVersion) String() string { return fluxVersions()[v-1] }

// fluxMetadata is the part of Kubernetes' metadata that counts here.
type fluxMetadata struct {
	Name      string            `yaml:"name"`
	Namespace string            `yaml:"namespace"`
	Labels    map[string]string `yaml:"labels"`
	// Annotations may say of a policy what Flux has no field for.
	Annotations       map[string]string `yaml:"annotations"`
	CreationTimestamp anything          `yaml:"creationTimestamp"`
	Finalizers        anything          `yaml:"finalizers"`
	Generation        anything          `yaml:"generation"`
	ManagedFields     anything          `yaml:"managedFields"`
	OwnerReferences   anything          `yaml:"ownerReferences"`
	ResourceVersion   anything          `yaml:"resourceVersion"`
	UID               anything          `yaml:"uid"`
}

// fluxName is a reference to an object of the same namespace.
type fluxName struct {
	Name string `yaml:"name"`
}

// fluxHead reports a document of a version that isn't read, and checks the names.
func (d *decoding) fluxHead(doc document, m fluxMetadata) bool {
	d.effort = doc.effort
	if versionOf(doc) == fluxUnknown {
		d.fail("apiVersion", fmt.Sprintf("%s is not read", quote(doc.apiVersion)), "write "+fluxGroup+"v1")
		return false
	}
	d.name("metadata.name", m.Name, true)
	d.name("metadata.namespace", m.Namespace, false)
	return true
}

// dropped notes fields that came with a later version than the document's, and
// which Kubernetes therefore drops. It gives those that are there.
func (d *decoding) dropped(v, since fluxVersion, names ...string) map[string]bool {
	gone := map[string]bool{}
	for _, name := range names {
		if v < since && d.has("spec."+name) {
			gone[name] = true
			d.note("spec."+name, fmt.Sprintf("does nothing in %s", v), fmt.Sprintf("the field came with %s%s", fluxGroup, since))
		}
	}
	return gone
}

// fluxInterval checks an interval, which must suit as a schedule.
func (d *decoding) fluxInterval(path, written string) {
	if message := checkSchedule("@every " + written); message != "" && !d.bad[path] {
		d.fail(path, strings.ReplaceAll(message, "@every ", ""), `write it as "90s", "5m" or "1h"`)
	}
}
