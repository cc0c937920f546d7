from django.db import migrations, models


def fill_result(apps, schema_editor):
    """Plans made before were upgrades of one row, whose result is their target."""
    apps.get_model("dashboard", "Plan").objects.update(result=models.F("target"))


class Migration(migrations.Migration):

    dependencies = [
        ('dashboard', '0001_initial'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='plan',
            options={'ordering': ['-created_at'], 'permissions': [('compare_heads', 'Can compare heads'), ('create_plan', 'Can make a plan')]},
        ),
        migrations.AddField(
            model_name='plan',
            name='cautions',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='plan',
            name='count_error',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='plan',
            name='counted_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='plan',
            name='losses',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='plan',
            name='requested',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='plan',
            name='result',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='plan',
            name='row_counts',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='run',
            name='reached_base_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='schema_at_base',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='runstep',
            name='action',
            field=models.CharField(choices=[('upgrade', 'apply'), ('downgrade', 'revert'), ('stamp', 'stamp')], default='upgrade', max_length=10),
        ),
        migrations.RunPython(fill_result, migrations.RunPython.noop),
    ]
