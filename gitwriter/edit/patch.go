package edit

import (
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// patch looks at one operation of a JSON patch (RFC 6902) on an image. What a test
// operation expects changes along with the image, or the patch would fail.
func (c *collector) patch(n *yaml.Node) {
	op, pointer, value := text(lookup(n, "op")), text(lookup(n, "path")), lookupRaw(n, "value")
	if op != "add" && op != "replace" && op != "test" || value == nil || !strings.HasPrefix(pointer, "/") {
		return
	}
	if strings.HasSuffix(pointer, "/image") || strings.HasSuffix(pointer, "/image/reference") {
		if resolve(value).Kind == yaml.ScalarNode {
			c.on(value, func() bool { return c.whole(FormPatch, c.site(value)) })
		}
	}
}
