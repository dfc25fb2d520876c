package webhook

import "cmp"

// event is what happened to one object of a registry that is built on distribution.
// https://distribution.github.io/distribution/about/notifications
type event struct {
	Action string `json:"action"`
	Target struct {
		MediaType  string `json:"mediaType"`
		Digest     string `json:"digest"`
		Repository string `json:"repository"`
		URL        string `json:"url"`
		Tag        string `json:"tag"`
	} `json:"target"`
	Request struct {
		Host string `json:"host"` // as the client wrote it
	} `json:"request"`
}

// parseDistribution reads the envelope of CNCF distribution's notifications, of type
// application/vnd.docker.distribution.events.v2+json:
//
//	{"events": [{"action": "push", "target": {"repository", "tag", "digest", "mediaType", "url"}, "request": {"host"}}]}
//
// Pushes of manifests count, also those without a tag, among which are signatures;
// pushes of layers don't.
func parseDistribution(m message) ([]image, error) {
	var envelope struct {
		Events []event `json:"events"`
	}
	if err := decode(m.body, &envelope); err != nil {
		return nil, err
	}
	var images []image
	for _, e := range envelope.Events {
		if e.Action == "push" && (e.Target.Tag != "" || isManifest(e.Target.MediaType)) {
			images = append(images, e.image())
		}
	}
	return images, nil
}

func (e event) image() image {
	return image{
		host: cmp.Or(e.Request.Host, hostOf(e.Target.URL)), path: e.Target.Repository,
		tag: e.Target.Tag, digest: e.Target.Digest,
	}
}

func isManifest(mediaType string) bool {
	switch mediaType {
	case "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
		"application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
		"application/vnd.docker.distribution.manifest.v1+json", "application/vnd.docker.distribution.manifest.v1+prettyjws":
		return true
	}
	return false
}
