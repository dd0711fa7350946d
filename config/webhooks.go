package config

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"okey/okey"
)

// Webhook is a receiver of events, as the file of OKEY_WEBHOOKS has it. It is made by configuration alone: no page and no call can have
// OKEY speak to an address.
type Webhook struct {
	Name        string            `json:"name"`
	URL         string            `json:"url"`
	Secrets     []string          `json:"secrets"`      // one, or two while one replaces the other; the first signs first
	SecretFiles []string          `json:"secret_files"` // the same, each in a file of its own
	Events      []okey.EventType  `json:"events"`       // that it wants; none: all
	Fields      []okey.EventField `json:"fields"`       // at most those of OKEY_EVENT_FIELDS; none: those
	Private     bool              `json:"private"`      // its address may be of a private network, or of this machine
	Plain       bool              `json:"plain_http"`   // its address may be http://
}

// Wants tells whether a receiver is sent events of the type.
func (w Webhook) Wants(kind okey.EventType) bool {
	return len(w.Events) == 0 || slices.Contains(w.Events, kind)
}

// reserved are networks that no receiver is in, and that net/netip takes for public: RFC 6890, RFC 6052.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("2002::/16"),
	// Where clouds tell a machine its secrets at an address that is not link-local: Alibaba, Azure, AWS.
	netip.MustParsePrefix("100.100.100.200/32"), netip.MustParsePrefix("168.63.129.16/32"), netip.MustParsePrefix("fd00:ec2::254/128"),
}

var shared = netip.MustParsePrefix("100.64.0.0/10") // of a provider, RFC 6598

// Admits tells whether OKEY may connect to an address of the receiver. Where one within is allowed, that is still none of those that
// machines tell their own secrets at (link-local).
func (w Webhook) Admits(address netip.Addr) bool {
	ip := address.Unmap()
	if slices.ContainsFunc(reserved, func(network netip.Prefix) bool { return network.Contains(ip) }) {
		return false
	}
	within := ip.IsPrivate() || ip.IsLoopback() || shared.Contains(ip)
	return within && w.Private || !within && ip.IsGlobalUnicast()
}

const (
	maxWebhooksFile = 64 << 10
	maxWebhooks     = 20
	// A secret is of 24 to 64 bytes, in base64, behind its prefix: Standard Webhooks, "Signature scheme".
	webhookSecretPrefix                = "whsec_"
	shortestWebhookKey, longestWebhook = 24, 64
)

// webhookName is what workflows, metrics and addresses of pages are made of.
var webhookName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

func (c *Config) examineEvents() {
	c.Webhooks = nil
	for _, field := range c.EventFields {
		if !slices.Contains(okey.EventFields(), okey.EventField(field)) {
			c.refuse("OKEY_EVENT_FIELDS", field, "n'est pas un champ d'événement", "Choisissez parmi : "+joined(okey.EventFields())+".")
		}
	}
	c.examineCount("OKEY_EVENT_MONTHS", c.EventMonths, 1, "un nombre de mois", "3")
	content, given := c.readSmall("OKEY_WEBHOOKS", c.WebhooksFile, maxWebhooksFile, "64 Kio")
	if !given {
		return
	}
	var file struct {
		Receivers []Webhook `json:"receivers"`
	}
	reading := json.NewDecoder(bytes.NewReader(content))
	reading.DisallowUnknownFields()
	err := reading.Decode(&file)
	if err == nil {
		if _, more := reading.Token(); more != io.EOF {
			err = errors.New("il y a quelque chose après la fin")
		}
	}
	if err != nil {
		c.refuse("OKEY_WEBHOOKS", c.WebhooksFile, "ne se lit pas ("+jsonFault(content, err)+")",
			"Comparez-le à l'exemple de docs/events.md.")
		return
	}
	if len(file.Receivers) > maxWebhooks {
		c.refuse("OKEY_WEBHOOKS", c.WebhooksFile, "a plus de "+strconv.Itoa(maxWebhooks)+" récepteurs", "Retirez-en.")
		return
	}
	names := map[string]bool{}
	for i := range file.Receivers {
		receiver := &file.Receivers[i]
		c.examineWebhook(fmt.Sprintf("%s, receivers[%d]", c.WebhooksFile, i), receiver)
		if names[receiver.Name] {
			c.refuse("OKEY_WEBHOOKS", c.WebhooksFile, "a deux récepteurs « "+receiver.Name+" »", "Donnez à chacun son nom.")
		}
		names[receiver.Name] = true
	}
	c.Webhooks = file.Receivers
}

// examineWebhook holds a receiver against its form; where is its file and place in it. What a secret is, is never repeated.
func (c *Config) examineWebhook(where string, w *Webhook) {
	wrong := func(field, what, do string) { c.refuse("OKEY_WEBHOOKS", where+"."+field, what, do) }
	if !webhookName.MatchString(w.Name) {
		wrong("name", "n'est pas un nom", "Écrivez 1 à 40 petites lettres, chiffres ou tirets, par exemple authentification.")
	}
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "":
		wrong("url", "n'est pas une adresse web", "Écrivez par exemple https://authentification.ac-exemple.fr/okey.")
	case u.Scheme == "http" && !w.Plain:
		wrong("url", "n'est pas chiffrée", "Écrivez https://, ou permettez-la : docs/events.md dit comment.")
	default:
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !w.Admits(ip) {
			wrong("url", "a une adresse réservée, ou privée sans que « private » le permette",
				"docs/events.md dit lesquelles sont refusées.")
		}
	}
	for i, path := range w.SecretFiles {
		content, err := os.ReadFile(path)
		if err != nil {
			wrong(fmt.Sprintf("secret_files[%d]", i), "ne peut être lu ("+Cause(err)+")", "Vérifiez le chemin et les droits du fichier.")
			continue
		}
		w.Secrets = append(w.Secrets, strings.TrimSpace(string(content)))
	}
	for i, secret := range w.Secrets {
		if !isWebhookSecret(secret) {
			wrong(fmt.Sprintf("secrets[%d]", i), "n'est pas un secret de 24 à 64 octets",
				"Tirez-en un avec « openssl rand -base64 32 », et écrivez whsec_ devant.")
		}
	}
	if n := len(w.Secrets); n < 1 || n > 2 {
		wrong("secrets", "sont au nombre de "+strconv.Itoa(n), "Donnez un secret, ou deux le temps d'en changer.")
	}
	for i, kind := range w.Events {
		if !slices.Contains(okey.EventTypes(), kind) {
			wrong(fmt.Sprintf("events[%d]", i), "n'est pas un événement", "Choisissez parmi : "+joined(okey.EventTypes())+".")
		}
	}
	for i, field := range w.Fields {
		if !slices.Contains(okey.EventFields(), field) {
			wrong(fmt.Sprintf("fields[%d]", i), "n'est pas un champ d'événement", "Choisissez parmi : "+joined(okey.EventFields())+".")
		}
	}
}

func isWebhookSecret(text string) bool {
	coded, prefixed := strings.CutPrefix(text, webhookSecretPrefix)
	key, err := base64.StdEncoding.DecodeString(coded)
	return prefixed && err == nil && len(key) >= shortestWebhookKey && len(key) <= longestWebhook
}

// jsonFault says where a file stops being what it should, and shows nothing of what stands there: it holds secrets.
func jsonFault(content []byte, err error) string {
	line := func(offset int64) int { return 1 + bytes.Count(content[:min(int(offset), len(content))], []byte("\n")) }
	if wrong, is := errors.AsType[*json.SyntaxError](err); is {
		return "ligne " + strconv.Itoa(line(wrong.Offset))
	}
	if wrong, is := errors.AsType[*json.UnmarshalTypeError](err); is {
		return fmt.Sprintf("ligne %d, champ %s", line(wrong.Offset), wrong.Field)
	}
	if _, name, unknown := strings.Cut(err.Error(), "field"); unknown {
		return "champ inconnu :" + strings.ReplaceAll(name, `"`, "")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return "il s'arrête avant la fin"
	}
	return "quelque chose suit la fin"
}

func joined[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}

// FieldsOfEvents are the fields that events have for everybody.
func (c *Config) FieldsOfEvents() []okey.EventField {
	if len(c.EventFields) == 0 {
		return okey.EventFields()
	}
	fields := make([]okey.EventField, len(c.EventFields))
	for i, field := range c.EventFields {
		fields[i] = okey.EventField(field)
	}
	return fields
}

// FieldsOf are the fields that a receiver's events have.
func (c *Config) FieldsOf(w Webhook) []okey.EventField {
	fields := c.FieldsOfEvents()
	if len(w.Fields) == 0 {
		return fields
	}
	return slices.DeleteFunc(fields, func(f okey.EventField) bool { return !slices.Contains(w.Fields, f) })
}

// MonthsOfEvents is EventMonths as a number; 0: as long as the table of what is kept says.
func (c *Config) MonthsOfEvents() int {
	months, _ := strconv.Atoi(c.EventMonths)
	return months
}
