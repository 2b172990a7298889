"""The language analyzers that the minimal distribution lacks, as a stable plugin: each is Lucene's own, as in a full distribution."""

import json
import subprocess
import tempfile
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


def install_analyzers(home: Path, version: str) -> None:
    """Compile the plugin against the distribution and put it into its folder of plugins."""
    folder = home / "plugins" / "vigie-analyzers"
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        source = work / Path(*_PACKAGE.split(".")) / "Analyzers.java"
        source.parent.mkdir(parents=True)
        classes = "".join(
            _CLASS.format(name=name, kind=name.capitalize(), code=_OTHERWISE_NAMED.get(code, code))
            for code, name in LANGUAGE_ANALYZERS.items()
        )
        source.write_text(_FILE.format(package=_PACKAGE, classes=classes))
        subprocess.run(
            ["javac", "-cp", f"{home / 'lib'}/*", "-d", str(work / "made"), str(source)], check=True, stderr=subprocess.PIPE
        )
        jar = str(folder / "vigie-analyzers.jar")
        subprocess.run(["jar", "cf", jar, "-C", str(work / "made"), "."], check=True, capture_output=True)
    components = {name: f"{_PACKAGE}.Analyzers${name.capitalize()}" for name in LANGUAGE_ANALYZERS.values()}
    named = {"org.elasticsearch.plugin.analysis.AnalyzerFactory": components}
    (folder / "named_components.json").write_text(json.dumps(named))
    (folder / "stable-plugin-descriptor.properties").write_text(
        f"name=vigie-analyzers\ndescription=language analyzers\nversion=1\nelasticsearch.version={version}\njava.version=17\n"
    )
