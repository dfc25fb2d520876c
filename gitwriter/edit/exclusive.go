package edit

import "sigs.k8s.io/kustomize/kyaml/yaml"

// repeats tells whether a mapping has a key twice.
func repeats(n *yaml.Node) bool {
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		// A key whose own value was split stands there once for each part.
		if first := seen[key.Value]; first != nil && first != key {
			return true
		}
		seen[key.Value] = key
	}
	return false
}

// apart tells whether a mapping has parts of an image in branches that are never
// printed together, such as those of {{ if }} and {{ else }}.
func (t *template) apart(n *yaml.Node) bool {
	var parts []*yaml.Node
	different := false
	for i := 0; i < len(n.Content); i += 2 {
		switch key := n.Content[i]; key.Value {
		case "registry", "repository", "image", "tag", "imageTag", "digest", "sha", "version", "name", "newName", "newTag":
			parts = append(parts, key)
			different = different || t.branch[key] != t.branch[parts[0]]
		}
	}
	return different && t.exclusive(parts)
}

// exclusive tells whether the branches of keys exclude each other.
func (t *template) exclusive(keys []*yaml.Node) bool {
	taken := map[int]int{} // by the end of a construct, its branch that a key is in
	defined := make([]int, len(keys))
	for i, key := range keys {
		defined[i] = -1
		for b := t.branch[key]; b >= 0; b = t.around(b) {
			end := t.actions[b].end
			if known, ok := taken[end]; ok && known != b {
				return true
			}
			taken[end] = b
			if t.actions[b].kind == actionDefine {
				defined[i] = b
			}
		}
		// What is defined is printed where it is asked for, without what stands around it.
		if defined[i] != defined[0] {
			return true
		}
	}
	return false
}

// around returns the branch that the construct of a branch stands in, -1 for none.
func (t *template) around(branch int) int {
	open := t.actions[t.actions[branch].end].open
	if open == 0 {
		return -1
	}
	return t.within[open-1]
}
