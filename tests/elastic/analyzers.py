"""The language analyzers that the minimal distribution lacks, as a stable plugin: each is Lucene's own, as in a full distribution."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from index.elastic_form import LANGUAGE_ANALYZERS

_PACKAGE = "org.vigie.analyzers"
_OTHERWISE_NAMED = {"cs": "cz"}  # Lucene names its packages by language, but for one
_CLASS = """
    @NamedComponent("{name}")
    public static class {kind} implements AnalyzerFactory {{
        public Analyzer create() {{ return new org.apache.lucene.analysis.{code}.{kind}Analyzer(); }}
    }}
"""
_FILE = """
package {package};

import org.apache.lucene.analysis.Analyzer;
import org.elasticsearch.plugin.NamedComponent;
import org.elasticsearch.plugin.analysis.AnalyzerFactory;

public class Analyzers {{{classes}}}
"""


def install_analyzers(home: Path, version: str, java: str) -> None:
    """Compile the plugin against the distribution and put it into its folder of plugins."""
    folder = home / "plugins" / "vigie-analyzers"
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        languages = work / "Analyzers.java"
        languages.write_text(_FILE.format(package=_PACKAGE, classes="".join(_language_classes())))
        sources = [str(languages), str(Path(__file__).parent / "SecurityAnalysis.java")]
        subprocess.run(
            [f"{java}/bin/javac", "-cp", f"{home / 'lib'}/*", "-d", str(work / "made"), *sources],
            check=True,
            stderr=subprocess.PIPE,
        )
        jar = str(folder / "vigie-analyzers.jar")
        subprocess.run([f"{java}/bin/jar", "cf", jar, "-C", str(work / "made"), "."], check=True, capture_output=True)
    (folder / "named_components.json").write_text(json.dumps(_components()))
    (folder / "stable-plugin-descriptor.properties").write_text(
        f"name=vigie-analyzers\ndescription=language analyzers\nversion=1\nelasticsearch.version={version}\njava.version={17 if version.startswith('8.') else 21}\n"
    )


def _language_classes() -> Iterator[str]:
    for code, name in LANGUAGE_ANALYZERS.items():
        yield _CLASS.format(name=name, kind=name.capitalize(), code=_OTHERWISE_NAMED.get(code, code))


def _components() -> dict[str, dict[str, str]]:
    """The classes by the interface that they implement and the name under which they are known."""
    api = "org.elasticsearch.plugin.analysis"
    security = f"{_PACKAGE}.SecurityAnalysis$"
    return {
        f"{api}.AnalyzerFactory": {name: f"{_PACKAGE}.Analyzers${name.capitalize()}" for name in LANGUAGE_ANALYZERS.values()},
        f"{api}.TokenFilterFactory": {"pattern_capture": f"{security}Email", "unique": f"{security}Unique"},
        f"{api}.TokenizerFactory": {"uax_url_email": f"{security}Addresses"},
    }
