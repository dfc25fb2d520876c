package webhook

import (
	"cmp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// image is what a body says of one image, unchecked.
type image struct {
	host, path, tag, digest string
}

// reference takes [HOST/]PATH[:TAG][@DIGEST] apart. GitHub writes a colon also where no
// tag follows.
func reference(text string) image {
	var i image
	text, i.digest, _ = strings.Cut(text, "@")
	if colon := strings.LastIndexByte(text, ':'); colon > strings.LastIndexByte(text, '/') {
		text, i.tag = text[:colon], text[colon+1:]
	}
	i.path = text
	if host, path, found := strings.Cut(text, "/"); found && isHost(host) {
		i.host, i.path = host, path
	}
	return i
}

// isHost tells whether the first part of a name is a registry, by Docker's rule.
func isHost(part string) bool {
	return part == "localhost" || strings.ContainsAny(part, ".:")
}

// pushes names the images, each once. One that can't be named is passed over while
// there are others: a distribution registry sends what was refused again and again, and
// holds back all that comes after it.
func pushes(images []image, registry string) ([]Push, error) {
	var (
		all   []Push
		known = map[Push]bool{}
		first error
	)
	for _, i := range images {
		p, err := i.push(registry)
		if err != nil {
			first = cmp.Or(first, err)
			continue
		}
		if !known[p] {
			known[p] = true
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil, first
	}
	return all, nil
}

func (i image) push(registry string) (Push, error) {
	host := strings.ToLower(cmp.Or(registry, i.host))
	switch {
	case i.path == "":
		return Push{}, errNoRepository
	case host == "":
		return Push{}, errNoRegistry
	}
	repository, err := name.NewRepository(host + "/" + i.path)
	if err != nil {
		return Push{}, errNoRepository
	}
	switch repository.RegistryStr() {
	case host:
	case name.DefaultRegistry:
		if host != "docker.io" {
			return Push{}, errNoRegistry // the name was read as one of Docker Hub's
		}
	default:
		return Push{}, errNoRegistry
	}
	if repository.RegistryStr() == name.DefaultRegistry {
		host = "docker.io"
	}
	p := Push{Repository: host + "/" + repository.RepositoryStr()}
	if tag, err := name.NewTag(p.Repository + ":" + i.tag); i.tag != "" && err == nil {
		p.Tag = tag.TagStr()
	}
	if digest, err := name.NewDigest(p.Repository + "@" + i.digest); i.digest != "" && err == nil {
		p.Digest = digest.DigestStr()
	}
	return p, nil
}

// hostOf gives the host of an address, "" where it is none.
func hostOf(address string) string {
	_, rest, found := strings.Cut(address, "://")
	if !found {
		return ""
	}
	host, _, _ := strings.Cut(rest, "/")
	return host
}
