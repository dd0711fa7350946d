package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"okey/config"
	"okey/engine"
	"okey/okey"
)

// SecretsCommand is `okey secrets`: the files of secrets that docker-compose.yml names, each made at random, and their replacement. It
// prints none.
type SecretsCommand struct {
	Dir    string `arg:"" name:"dossier" help:"Où ranger les fichiers, par exemple secrets."`
	Rotate string `enum:"link-keys,pin-peppers,audit-keys," default:"" placeholder:"NOM" help:"${rotate_help}"`
}

// secretFile is one file, and how it is made. An empty one comes from elsewhere.
type secretFile struct {
	name string
	make func() string
	from string
}

var secretFiles = []secretFile{
	{name: "postgres_password", make: randomSecret},
	{name: "temporal_database_password", make: randomSecret},
	{name: "okey_admin_database_url", make: databaseURL("okey")},
	{name: "okey_database_url", make: databaseURL("okey_app")},
	{name: "okey_link_keys", make: newRing},
	{name: "okey_pin_peppers", make: newRing},
	{name: "okey_audit_keys", make: newRing},
	{name: "okey_oidc_client_secret", from: "de votre fournisseur d'identité : le secret d'OKEY"},
	{name: "temporal_ui_client_secret", from: "de votre fournisseur d'identité : le secret de l'interface de Temporal"},
}

func randomSecret() string {
	secret := make([]byte, config.KeySize)
	_, _ = rand.Read(secret) // never fails, by its contract
	return hex.EncodeToString(secret)
}

func newRing() string { return config.NewKeyring().Reveal() }

func databaseURL(role string) func() string {
	return func() string {
		return "postgres://" + role + ":" + randomSecret() + "@postgres:5432/okey?sslmode=disable"
	}
}

// Run leaves every file alone that is there: what was encrypted or signed with it would be lost.
func (c *SecretsCommand) Run(out io.Writer) error {
	if c.Rotate != "" {
		return c.rotate(out)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the secrets: %w", err)
	}
	if err := os.Chmod(c.Dir, 0o700); err != nil { // it may have been there, and open
		return fmt.Errorf("close the folder of the secrets: %w", err)
	}
	for _, f := range secretFiles {
		said := f.name + " : "
		path := filepath.Join(c.Dir, f.name)
		_, err := os.Stat(path)
		switch {
		case err == nil:
			said += "déjà là, inchangé."
		case f.make == nil:
			said += "à écrire vous-même, " + f.from + "."
		default:
			if err := writeSecret(path, f.make()); err != nil {
				return err
			}
			said += "fait."
		}
		if _, err := fmt.Fprintln(out, said); err != nil {
			return err
		}
	}
	if err := c.engineDoor(out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "Gardez une copie de ce dossier à part des sauvegardes : sans lui, ni les codes PIN ni le journal "+
		"d'audit ne se vérifient.")
	return err
}

// engineDoor makes the certificates of the engine's door: all of them, or none where they are there. Some alone would fit to nothing.
func (c *SecretsCommand) engineDoor(out io.Writer) error {
	there := 0
	for _, name := range engine.DoorFiles {
		if _, err := os.Stat(filepath.Join(c.Dir, name)); err == nil {
			there++
		}
	}
	switch there {
	case len(engine.DoorFiles):
		_, err := fmt.Fprintln(out, "engine_* : déjà là, inchangés.")
		return err
	case 0:
	default:
		return okey.Errorf(okey.CodeInvalid, "%s n'a que %d des %d fichiers engine_*, qui vont ensemble : effacez-les, puis recommencez. "+
			"Redémarrez ensuite tous les services.", c.Dir, there, len(engine.DoorFiles))
	}
	made, err := engine.NewDoor(time.Now())
	if err != nil {
		return err
	}
	for _, name := range engine.DoorFiles {
		if err := writeSecret(filepath.Join(c.Dir, name), strings.TrimSpace(made[name])); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(out, "engine_* : faits, la porte du moteur ne s'ouvre qu'avec eux. Ils valent dix ans.")
	return err
}

// rotate puts a new key before the others, which go on verifying what they signed.
func (c *SecretsCommand) rotate(out io.Writer) error {
	name := "okey_" + strings.ReplaceAll(c.Rotate, "-", "_")
	path := filepath.Join(c.Dir, name)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return okey.Errorf(okey.CodeInvalid, "%s n'existe pas : donnez le dossier des secrets de docker-compose.yml. Les clefs "+
			"d'okey-standalone, « okey-standalone rotate » les remplace.", path)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	ring, err := config.ParseKeyring(strings.TrimSpace(string(text)))
	if err != nil {
		return okey.Errorf(okey.CodeInvalid, "%s : %v.", path, err)
	}
	next, err := ring.Rotated()
	if err != nil {
		return okey.Errorf(okey.CodeInvalid, "%s : %v.", path, err)
	}
	if err := writeSecret(path, next.Reveal()); err != nil {
		return err
	}
	version, _ := next.Current()
	_, err = fmt.Fprintf(out, "%s : la clef de version %d sert maintenant, les anciennes vérifient encore. "+
		"Redémarrez serveur, worker et doctor.\n",
		name, version)
	return err
}

// writeSecret puts a whole file in place, or leaves what was there. The folder is closed to everybody else; the file is open because the
// programs in the containers are nobody special.
func writeSecret(path, content string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".secret-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = file.WriteString(content + "\n")
	err = errors.Join(err, file.Sync(), file.Chmod(0o444), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(file.Name())))
	}
	return nil
}
