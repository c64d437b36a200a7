"""Files that models are trained on: formats load, save and validate; ``convert`` makes one from another.

Here is what all formats share, with their registry and the exports of a workflow. The rooms hold formats by
kind of file: ``chat`` (JSON lines), ``tables`` (Arrow, Parquet, tar), ``coco``, ``convseg`` and
``segmentation``; ``samples_of`` reads the workflows' versions. A room imports none that imports it.
"""
