package edit

import (
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// shapes looks for what a mapping is by its keys alone, whatever it stands in.
func (c *collector) shapes(n *yaml.Node) {
	helm, volume, patch, bundle, image, beside, built := false, false, false, false, false, false, false
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch resolve(n.Content[i]).Value {
		case "repository", "registry", "imageTag":
			helm = true
		case "reference":
			volume = true
		case "op":
			patch = true
		case "resolver":
			bundle = true
		case "image":
			image = true
		case "tag", "<<":
			beside = true
		case "build":
			built = true
		}
	}
	switch {
	case image && built: // as in Compose: the tag is what is built there
		value := lookupRaw(n, "image")
		c.on(value, func() bool { return c.markers[resolve(value)] == nil })
	case helm:
		c.helmValues(n)
	case volume:
		c.imageVolume(n)
	case patch:
		c.patch(n)
	case bundle:
		c.tektonBundle(n)
	case image && beside:
		c.besideImage(n)
	}
}

// besideImage keeps an image without a tag that has a key tag beside it from being
// taken for a whole image. Whether the two belong together isn't certain: a plugin's
// tag is that of what it builds, and a log collector's that of its lines. So does a
// registry, where the name has none.
func (c *collector) besideImage(n *yaml.Node) {
	value := lookupRaw(n, "image")
	image, ok := splitImage(text(resolve(value)))
	if !ok {
		return
	}
	inherited := c.inherited(n)
	has := func(key string) bool { return inherited&keySetOf(key) != 0 || filled(n, key) }
	if (has("tag") || has("imageTag")) && image.tag == "" && image.digest == "" || has("registry") && !hosted(image.name) {
		c.on(value, func() bool { return c.markers[resolve(value)] == nil })
	}
}

// helmValues looks at a mapping that may be an image in parts, as in the values of
// Helm charts:
//
//	repository, tag        and, beside them, registry, and digest or sha
//	registry, image, tag   and digest, as in ingress-nginx
//	image, imageTag        as in Elastic's charts
//
// Below a key image, or one that ends in Image, the tag may be named version. Where a
// merge key gives the registry or the digest, the file doesn't say here which image it is.
func (c *collector) helmValues(n *yaml.Node) {
	value := func(keys ...string) *site {
		for _, key := range keys {
			if v := lookupRaw(n, key); v != nil && resolve(v).Kind == yaml.ScalarNode {
				return c.site(v, wordStep(key))
			}
		}
		return nil
	}
	p := parts{registry: value("registry"), name: value("repository"), tag: value("tag"), digest: value("digest")}
	if p.digest == nil {
		p.digest, p.bare = value("sha"), true // as in Grafana's charts, which put @sha256: before it
	}
	if given(p.registry) == nil && lookupRaw(n, "defaultRegistry") != nil {
		p.registry = value("defaultRegistry") // as in Kyverno's
	}
	if p.name != nil && p.tag == nil && c.belowImage() {
		p.tag = value("version")
	}
	if p.name == nil {
		p.name = value("image")
		if tag := value("imageTag"); p.tag == nil {
			p.tag = tag
		}
	}
	if p.name == nil {
		return
	}
	certain := !gitLike(n) && !c.elsewhere(n) && c.inherited(n)&(keyRegistry|keyDigest) == 0
	found := certain && c.parts(FormHelm, p)
	switch image := p.name.node; {
	case image != lookupRaw(n, "image"):
	case found:
		c.on(image, func() bool { return !c.marked(p.name) }) // it isn't a whole image
	default:
		c.besideImage(n)
	}
}

// filled tells whether a key has a scalar that isn't empty.
func filled(n *yaml.Node, key string) bool {
	value := lookupRaw(n, key)
	return value != nil && resolve(value).Kind == yaml.ScalarNode && given(&site{node: value}) != nil
}

// step returns how the path to the mapping that the walk is at ends, "" for a document.
func (c *collector) step() string {
	if len(c.path) == 0 {
		return ""
	}
	return c.path[len(c.path)-1]
}

// belowImage tells whether the walk is at the value of a key image, or such as
// operatorImage.
func (c *collector) belowImage() bool {
	key := c.step()
	return key == ".image" || strings.HasPrefix(key, ".") && strings.HasSuffix(key, "Image")
}

// elsewhere tells of mappings that look like an image in parts, and whose image is another.
func (c *collector) elsewhere(n *yaml.Node) bool {
	return c.step() == ".with" || // a workflow's action may well want a release
		c.step() == ".git" ||
		c.belowImage() && filled(n, "repository") && filled(n, "name") || // the name's last part, as in Strimzi's
		text(lookup(n, "chroot")) == "true" // ingress-nginx has a digest of its own then, and adds to the name
}

// gitLike tells a repository of Git or of charts by the keys beside it, and by hosts
// that have no images.
func gitLike(n *yaml.Node) bool {
	for _, key := range []string{"repository", "registry"} {
		switch host, _, _ := strings.Cut(text(lookup(n, key)), "/"); strings.ToLower(host) {
		case "github.com", "gitlab.com", "bitbucket.org":
			return true
		}
	}
	for _, key := range []string{"ref", "branch", "commit", "revision", "chart", "owner"} {
		if lookupRaw(n, key) != nil {
			return true
		}
	}
	return false
}

// imageVolume looks for the image of a Pod's image volume:
// image: {reference: …, pullPolicy: …}.
func (c *collector) imageVolume(n *yaml.Node) {
	if c.step() != ".image" {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := resolve(n.Content[i]).Value; key != "reference" && key != "pullPolicy" {
			return
		}
	}
	value := lookupRaw(n, "reference")
	if resolve(value).Kind == yaml.ScalarNode {
		c.on(value, func() bool { return c.whole(FormImage, c.site(value)) })
	}
}

// parameter is a Helm value that is given by its dotted name, as with --set.
type parameter struct {
	name  string
	value *site
}

// parameters joins the values that belong to one image by what stands before the
// last dot of their names.
func (c *collector) parameters(list []parameter) {
	byName := map[string]*site{}
	for _, p := range list {
		byName[p.name] = p.value
	}
	for _, p := range list {
		if byName[p.name] != p.value {
			continue // the last of one name counts
		}
		prefix, last := cutLast(p.name)
		switch last {
		case "repository":
			digest, bare := byName[prefix+"digest"], false
			if digest == nil {
				digest, bare = byName[prefix+"sha"], true
			}
			c.parts(FormHelm, parts{registry: byName[prefix+"registry"], name: p.value, tag: byName[prefix+"tag"], digest: digest, bare: bare})
		case "image":
			if byName[p.name+"Tag"] != nil {
				c.parts(FormHelm, parts{name: p.value, tag: byName[p.name+"Tag"]})
			} else if image, ok := splitImage(p.value.scalar().Value); !ok || image.tag != "" || image.digest != "" {
				c.whole(FormHelm, p.value)
			}
		}
	}
}

// cutLast splits a dotted name before its last part.
func cutLast(name string) (prefix, last string) {
	i := strings.LastIndexByte(name, '.') + 1
	return name[:i], name[i:]
}
